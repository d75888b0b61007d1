package signin_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/coretest"
	"github.com/doorward/doorward/core/internal/house"
	"github.com/doorward/doorward/core/limit"
	"github.com/doorward/doorward/core/mail"
	"github.com/doorward/doorward/core/mfa"
	"github.com/doorward/doorward/core/verification"
)

// Three codes are sent at the most; the newest counts; neither the tries nor the end of the challenge change.
func TestSending(t *testing.T) {
	t.Parallel()
	g := guard(t)
	challenge := g.Challenged(ada, "")
	first := g.mailed(challenge)
	coretest.Equal(t, g.Clock.Now().Add(verification.CodeTTL), g.Letter(mail.KindSecondFactorCode, ada).ExpiresAt)
	g.Refused(g.finish(challenge, mfa.KindEmail, house.Wrong(first)), verification.ErrCode)
	g.Later(time.Minute)
	second := g.mailed(challenge)
	flow, err := g.Flows.Find(g.Ctx, challenge.ID)
	g.Must(err)
	coretest.Equal(t, 1, flow.Tries)
	coretest.Equal(t, challenge.ExpiresAt, flow.ExpiresAt)
	if first != second {
		g.Refused(g.finish(challenge, mfa.KindEmail, first), verification.ErrCode)
	}
	for range 3 {
		g.mailed(challenge)
	}
	coretest.Equal(t, 3, g.Letters(mail.KindSecondFactorCode, ada))
	third := g.Letter(mail.KindSecondFactorCode, ada).Code
	g.Must(g.finish(challenge, mfa.KindEmail, third))
}

// A code is good for as long as any other, though its challenge lasts longer; none outlives the challenge.
func TestAMailedCodeEndsBeforeItsChallenge(t *testing.T) {
	t.Parallel()
	g := guard(t)
	challenge := g.Challenged(ada, "")
	first := g.mailed(challenge)
	g.Later(verification.CodeTTL)
	g.Refused(g.finish(challenge, mfa.KindEmail, first), verification.ErrCode)
	g.Later(time.Minute)
	second := g.mailed(challenge)
	coretest.Equal(t, challenge.ExpiresAt, g.Letter(mail.KindSecondFactorCode, ada).ExpiresAt)
	g.Clock.Set(challenge.ExpiresAt.Add(-time.Microsecond))
	g.Must(g.finish(challenge, mfa.KindEmail, second))
}

// Whatever is asked for, the answer is the same, and nothing is sent that does not fit.
func TestSendingTellsNothing(t *testing.T) {
	t.Parallel()
	h := house.Open(t)
	h.Enrol(h.Principal(h.Member(ada, "")))
	challenge, letters := h.Challenged(ada, ""), len(h.Post.All(ada))
	receipt := h.Register("grace@example.com", "")
	for id, factor := range map[core.ID]mfa.Kind{
		challenge.ID: mfa.KindEmail, h.IDs.New(): mfa.KindEmail, receipt.ID: mfa.KindEmail, h.IDs.New(): mfa.KindTOTP,
	} {
		h.Must(h.SignIn.SendSecondFactor(h.Ctx, id, factor))
	}
	h.Must(h.SignIn.SendSecondFactor(h.Ctx, challenge.ID, mfa.KindTOTP))
	h.Work()
	h.Later(mfa.ChallengeTTL)
	h.Must(h.SignIn.SendSecondFactor(h.Ctx, challenge.ID, mfa.KindEmail))
	h.Work()
	if len(h.Post.All(ada)) != letters {
		t.Error("something was sent")
	}
}

// Codes are bounded for an account over all challenges; a known device has a bound of its own.
func TestSendingIsBounded(t *testing.T) {
	t.Parallel()
	g := guard(t)
	known, err := g.Finish(g.Challenged(ada, ""), mfa.KindTOTP, g.app.Code())
	g.Must(err)
	g.LimitSending(limit.Limit{Burst: 2, Period: time.Hour})
	sent := func() int { return g.Letters(mail.KindSecondFactorCode, ada) }
	for range 4 {
		g.Must(g.SignIn.SendSecondFactor(g.Ctx, g.Challenged(ada, "").ID, mfa.KindEmail))
		g.Work()
	}
	coretest.Equal(t, 2, sent())
	g.Must(g.SignIn.SendSecondFactor(g.Ctx, g.Challenged(ada, known.DeviceToken).ID, mfa.KindEmail))
	g.Work()
	coretest.Equal(t, 3, sent())
}
