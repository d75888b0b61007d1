package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/device"
	"github.com/doorward/doorward/core/secret"
	"github.com/doorward/doorward/core/signin"
)

// Unlock makes the calling client a known device.
func (h authHandlers) Unlock(ctx context.Context, request oapi.UnlockRequestObject) (oapi.UnlockResponseObject, error) {
	unlocked, err := h.deps.Unlocker.Unlock(ctx, request.Body.Token)
	return unlockedReply{unlocked, h.deps.Clock.Now()}, err
}

// unlockedReply gives the token in the transport that the client asked for.
type unlockedReply struct {
	signin.Unlocked
	now time.Time
}

func (r unlockedReply) cookie() cookie { return deviceCookieOf(r.DeviceToken, r.ExpiresAt.Sub(r.now)) }

// VisitUnlockResponse writes the reply.
func (r unlockedReply) VisitUnlockResponse(c *fiber.Ctx) error {
	body := oapi.Unlocked{DeviceToken: r.DeviceToken, ExpiresAt: r.ExpiresAt}
	if visitFrom(c.UserContext()).cookies {
		if err := r.cookie().set(c); err != nil {
			return err
		}
		body.DeviceToken = ""
	}
	return c.Status(http.StatusOK).JSON(body)
}

// unlockByPage is what the page of the link does: the browser that shows it is the client.
func (d Deps) unlockByPage(ctx context.Context, token string, _ url.Values) ([]cookie, error) {
	unlocked, err := d.Unlocker.Unlock(ctx, token)
	if err != nil {
		return nil, err
	}
	return []cookie{unlockedReply{unlocked, d.Clock.Now()}.cookie()}, nil
}

// ListDevices lists the caller's known devices.
func (h meHandlers) ListDevices(ctx context.Context, request oapi.ListDevicesRequestObject) (oapi.ListDevicesResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	page, err := form.Page(request.Params.Limit, request.Params.Cursor)
	if err != nil {
		return nil, err
	}
	devices, next, err := h.deps.Devices.List(ctx, who.Principal.UserID, page)
	list := oapi.DeviceList{Items: make([]oapi.Device, 0, len(devices)), NextCursor: form.Next(next)}
	shown, now := secret.DigestToken(visitFrom(ctx).jar.device.value), h.deps.Clock.Now()
	for _, each := range devices {
		current := each.Digest == shown || each.LastUsedAt.Equal(who.Session.CreatedAt)
		list.Items = append(list.Items, encodeDevice(each, current, now))
	}
	return oapi.ListDevices200JSONResponse(list), err
}

func encodeDevice(known device.Device, current bool, now time.Time) oapi.Device {
	encoded := oapi.Device{
		ID: known.ID, Current: current, Trusted: known.Trusts(now), Device: known.From.Kind, Browser: known.From.Browser,
		Os: known.From.OS, IP: known.From.IP, Location: form.Optional(known.From.Location), CreatedAt: known.CreatedAt,
		LastUsedAt: known.LastUsedAt, ExpiresAt: known.ExpiresAt,
	}
	encoded.TrustedUntil.SetNull()
	if !known.TrustedUntil.IsZero() {
		encoded.TrustedUntil.Set(known.TrustedUntil)
	}
	return encoded
}

// ForgetDevice forgets one of the caller's devices.
func (h meHandlers) ForgetDevice(ctx context.Context, request oapi.ForgetDeviceRequestObject) (oapi.ForgetDeviceResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.ForgetDevice204Response{}, h.deps.Devices.Forget(ctx, who.Principal, request.DeviceID)
}

// ForgetDevices forgets all of the caller's devices.
func (h meHandlers) ForgetDevices(ctx context.Context, _ oapi.ForgetDevicesRequestObject) (oapi.ForgetDevicesResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	return oapi.ForgetDevices204Response{}, h.deps.Devices.ForgetAll(ctx, who.Principal)
}
