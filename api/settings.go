package api

import (
	"cmp"
	"context"

	"github.com/oapi-codegen/nullable"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/api/internal/form"
	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/account"
	"github.com/doorward/doorward/core/mail"
)

// GetSettings tells what the caller has chosen. The lookup that admitted them has read it already.
func (meHandlers) GetSettings(ctx context.Context, _ oapi.GetSettingsRequestObject) (oapi.GetSettingsResponseObject, error) {
	who, err := caller.Of(ctx)
	return oapi.GetSettings200JSONResponse{SettingsJSONResponse: encodeSettings(who.User)}, err
}

// UpdateSettings changes what the caller has chosen.
func (h meHandlers) UpdateSettings(
	ctx context.Context, request oapi.UpdateSettingsRequestObject,
) (oapi.UpdateSettingsResponseObject, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	user, err := h.deps.Settings.UpdateSettings(ctx, who.Principal, account.SettingsChange{
		AlwaysAsk:  chosen(request.Body.AlwaysAskSecondFactor, false),
		Notices:    chosenNotices(request.Body.Notifications),
		Theme:      written[string](request.Body.Theme),
		Language:   written[string](request.Body.Language),
		Timezone:   written[string](request.Body.Timezone),
		Visibility: written[account.Visibility](request.Body.Visibility),
	})
	return oapi.UpdateSettings200JSONResponse{SettingsJSONResponse: encodeSettings(user)}, err
}

// chosen reads a member of a partial update: nil when it is absent, the default when it is null.
func chosen(member nullable.Nullable[bool], byDefault bool) *bool {
	if !member.IsSpecified() {
		return nil
	}
	if value, err := member.Get(); err == nil {
		return &value
	}
	return &byDefault
}

// written reads a text of a partial update: nil when it is absent, empty, the default, when it is null.
func written[To, From ~string](member nullable.Nullable[From]) *To {
	if !member.IsSpecified() {
		return nil
	}
	value, _ := member.Get()
	text := To(value)
	return &text
}

func chosenNotices(members oapi.UpdateNotificationSettings) map[mail.Kind]bool {
	notices := make(map[mail.Kind]bool)
	for kind, member := range map[mail.Kind]nullable.Nullable[bool]{
		mail.KindAlreadyRegistered: members.AlreadyRegistered,
		mail.KindDeviceTrusted:     members.DeviceTrusted,
		mail.KindSessionEvicted:    members.SessionEvicted,
	} {
		if wanted := chosen(member, true); wanted != nil {
			notices[kind] = *wanted
		}
	}
	return notices
}

func encodeSettings(user account.User) oapi.SettingsJSONResponse {
	return oapi.SettingsJSONResponse{
		AlwaysAskSecondFactor: user.Protection.AlwaysAsk,
		Theme:                 oapi.Theme(cmp.Or(user.Preferences.Theme, account.ThemeSystem)),
		Language:              form.Optional(user.Profile.Locale),
		Timezone:              form.Optional(user.Preferences.Timezone),
		Visibility:            oapi.Visibility(cmp.Or(user.Preferences.Visibility, account.VisibilityPrivate)),
		Notifications: oapi.NotificationSettings{
			AlreadyRegistered: user.Wants(mail.KindAlreadyRegistered),
			DeviceTrusted:     user.Wants(mail.KindDeviceTrusted),
			SessionEvicted:    user.Wants(mail.KindSessionEvicted),
		},
	}
}
