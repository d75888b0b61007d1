package api

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/doorward/doorward/api/internal/caller"
	"github.com/doorward/doorward/core"
	"github.com/doorward/doorward/core/access"
	"github.com/doorward/doorward/core/apitoken"
	"github.com/doorward/doorward/core/signin"
)

// audience is who may call an operation.
type audience uint8

const (
	// forAnyone asks for nothing and looks at no credentials.
	forAnyone audience = iota
	// forStrangers refuses whoever is signed in already: a second sign-in over a first is a mistake, or
	// somebody else's trick.
	forStrangers
	// forHolders takes a token that is good and does without one that is not: the body has another.
	forHolders
	// forPersons asks for a good access token of a person.
	forPersons
	// forCallers asks for a good access token of anybody's, or the key of a service account.
	forCallers
	// forOperators answers on the private listener, and on the public one those who hold the permission; for others it
	// does not exist there.
	forOperators
	// forThisMachine answers peers on the loopback interface and does not exist for others.
	forThisMachine
)

// rule is what an operation demands, and what its reply is.
type rule struct {
	access audience
	// needs is the permission that the caller must hold; Everything, the zero value, for none. Where or is set, that one
	// does as well: which of the two it takes hangs on what is acted upon, and is judged there.
	needs, or access.Bit
	// inPerson closes the operation to personal access tokens and to impersonation: it wants the session of the person.
	inPerson bool
	// recent demands a sign-in that is not too long ago. It implies inPerson.
	recent bool
	// enrolling lets callers in who must enrol a second factor first: everything else is closed to them.
	enrolling bool
	// secret marks replies that hold a token or code: they are never compressed, because the length of a
	// compressed reply tells of its contents.
	secret bool
	// signsIn marks operations that can answer with tokens, in cookies where the client asks for them.
	signsIn bool
	// trades marks operations that take a refresh token from a cookie, leaves those after which the caller is
	// signed out.
	trades, leaves bool
	// limits are what bounds the calls, beside the ceilings of all of them. uncounted ones have not even those.
	limits    []limited
	uncounted bool
	// repeated is what becomes of a call that is made again with the same Idempotency-Key.
	repeated repeated
	// public is the Cache-Control of a reply that anybody may keep; everything else is no-store.
	public string
}

// policy is the table of all operations. One that is missing here cannot be served: New fails.
var policy = map[string]rule{
	"register":           {access: forStrangers, secret: true, signsIn: true, limits: limitedRegisters},
	"verifyEmail":        {secret: true, signsIn: true, limits: limitedProofs},
	"resendVerification": {limits: limitedResends},
	"checkAvailability":  {},
	"login":              {access: forStrangers, secret: true, signsIn: true, limits: limitedLogins},
	"refresh":            {secret: true, signsIn: true, trades: true, limits: limitedRefresh},
	"logout":             {access: forHolders, inPerson: true, enrolling: true, trades: true, leaves: true},
	"sendSecondFactor":   {limits: limitedResends},
	"verifySecondFactor": {access: forStrangers, secret: true, signsIn: true, limits: limitedProofs},
	"forgotPassword":     {limits: limitedForgots},
	"checkPasswordReset": {limits: limitedLinks},
	"resetPassword":      {limits: limitedProofs},
	"estimatePassword":   {},
	"changePassword":     {access: forPersons, needs: access.MeWrite, inPerson: true, limits: limitedConfirms},
	"unlock":             {secret: true, signsIn: true, limits: limitedLinks},
	"undoEmailChange":    {limits: limitedLinks},
	"restoreAccount":     {limits: limitedLinks},
	"getKeySet":          {public: "public, max-age=300"},

	"getMe":             {access: forPersons, needs: access.MeRead, enrolling: true},
	"updateMe":          {access: forPersons, needs: access.MeWrite},
	"deleteMe":          {access: forPersons, needs: access.MeWrite, recent: true, leaves: true},
	"deactivateMe":      {access: forPersons, needs: access.MeWrite, inPerson: true, leaves: true},
	"changeEmail":       {access: forPersons, needs: access.MeWrite, recent: true},
	"verifyEmailChange": {access: forPersons, needs: access.MeWrite, recent: true, limits: limitedConfirms},
	"getSettings":       {access: forPersons, needs: access.MeRead},
	"updateSettings":    {access: forPersons, needs: access.MeWrite, inPerson: true}, // account.Service tells what wants a recent sign-in
	"listSessions":      {access: forPersons, needs: access.MeRead},
	"endSession":        {access: forPersons, needs: access.MeWrite, inPerson: true},
	"endOtherSessions":  {access: forPersons, needs: access.MeWrite, inPerson: true},
	"listActivity":      {access: forPersons, needs: access.MeRead},
	"listDevices":       {access: forPersons, needs: access.MeRead},
	"forgetDevice":      {access: forPersons, needs: access.MeWrite, inPerson: true},
	"forgetDevices":     {access: forPersons, needs: access.MeWrite, inPerson: true},
	"listFactors":       {access: forPersons, needs: access.MeRead, recent: true, enrolling: true},
	"enrolTOTP":         {access: forPersons, needs: access.MeWrite, recent: true, enrolling: true, secret: true},
	"verifyTOTP":        {access: forPersons, needs: access.MeWrite, recent: true, enrolling: true, secret: true, limits: limitedConfirms},
	"enrolEmailFactor":  {access: forPersons, needs: access.MeWrite, recent: true, enrolling: true, limits: limitedSends},
	"verifyEmailFactor": {access: forPersons, needs: access.MeWrite, recent: true, enrolling: true, secret: true, limits: limitedConfirms},
	"removeFactor":      {access: forPersons, needs: access.MeWrite, recent: true},
	"makeRecoveryCodes": {access: forPersons, needs: access.MeWrite, recent: true, secret: true},
	"reauthenticate":    {access: forPersons, needs: access.MeWrite, inPerson: true, enrolling: true, secret: true, signsIn: true, limits: limitedConfirms},

	"getMyPermissions": {access: forPersons, needs: access.MeRead},
	"getMyGroups":      {access: forPersons, needs: access.MeRead},

	"listUsers":         {access: forCallers, needs: access.UsersRead},
	"createUser":        {access: forCallers, needs: access.UsersWrite, repeated: isReplayed},
	"getUser":           {access: forCallers, needs: access.UsersRead},
	"updateUser":        {access: forCallers, needs: access.UsersWrite},
	"deleteUser":        {access: forCallers, needs: access.UsersDelete},
	"suspendUser":       {access: forCallers, needs: access.UsersSuspend},
	"restoreUser":       {access: forCallers, needs: access.UsersSuspend, or: access.UsersDelete},
	"unlockUser":        {access: forCallers, needs: access.UsersSecure},
	"verifyUserEmail":   {access: forCallers, needs: access.UsersWrite},
	"resetUserPassword": {access: forCallers, needs: access.UsersSecure},
	"requireUserFactor": {access: forCallers, needs: access.UsersSecure},
	"removeUserFactors": {access: forPersons, needs: access.UsersSecure, recent: true},
	"listUserSessions":  {access: forCallers, needs: access.SessionsRead},
	"endUserSessions":   {access: forCallers, needs: access.SessionsRevoke},
	"endUserSession":    {access: forCallers, needs: access.SessionsRevoke},
	"getProfile":        {access: forHolders},

	"listTokens":  {access: forPersons, needs: access.MeRead, inPerson: true},
	"createToken": {access: forPersons, needs: access.MeWrite, inPerson: true, recent: true, secret: true},
	"revokeToken": {access: forPersons, needs: access.MeWrite, inPerson: true},

	"introspectToken": {access: forCallers, needs: access.TokensIntrospect},
	"impersonateUser": {access: forPersons, needs: access.UsersImpersonate, inPerson: true, recent: true, secret: true},

	"listServiceAccounts":     {access: forCallers, needs: access.ServiceAccountsRead},
	"createServiceAccount":    {access: forCallers, needs: access.ServiceAccountsWrite, repeated: isReplayed},
	"getServiceAccount":       {access: forCallers, needs: access.ServiceAccountsRead},
	"updateServiceAccount":    {access: forCallers, needs: access.ServiceAccountsWrite},
	"deleteServiceAccount":    {access: forCallers, needs: access.ServiceAccountsWrite},
	"listServiceAccountKeys":  {access: forCallers, needs: access.ServiceAccountsRead},
	"createServiceAccountKey": {access: forCallers, needs: access.ServiceAccountsWrite, secret: true, repeated: isSpent},
	"revokeServiceAccountKey": {access: forCallers, needs: access.ServiceAccountsWrite},

	"listRoles":           {access: forCallers, needs: access.AccessRead},
	"createRole":          {access: forCallers, needs: access.AccessWrite, repeated: isReplayed},
	"getRole":             {access: forCallers, needs: access.AccessRead},
	"updateRole":          {access: forCallers, needs: access.AccessWrite},
	"deleteRole":          {access: forCallers, needs: access.AccessWrite},
	"listGroups":          {access: forCallers, needs: access.AccessRead},
	"createGroup":         {access: forCallers, needs: access.AccessWrite, repeated: isReplayed},
	"getGroup":            {access: forCallers, needs: access.AccessRead},
	"updateGroup":         {access: forCallers, needs: access.AccessWrite},
	"setGroupPermissions": {access: forCallers, needs: access.AccessWrite},
	"deleteGroup":         {access: forCallers, needs: access.AccessWrite},
	"listPermissions":     {access: forCallers, needs: access.AccessRead},
	"createPermission":    {access: forCallers, needs: access.AccessWrite, repeated: isReplayed},
	"getPermission":       {access: forCallers, needs: access.AccessRead},
	"updatePermission":    {access: forCallers, needs: access.AccessWrite},
	"deletePermission":    {access: forCallers, needs: access.AccessWrite},
	"getUserRoles":        {access: forCallers, needs: access.AccessRead},
	"setUserRoles":        {access: forCallers, needs: access.AccessWrite},
	"getUserGroups":       {access: forCallers, needs: access.AccessRead},
	"setUserGroups":       {access: forCallers, needs: access.AccessWrite},
	"getUserPermissions":  {access: forCallers, needs: access.AccessRead},

	"importUsers": {access: forCallers, needs: access.UsersImport},
	// portability.Service tells what the hashes want beside that.
	"exportUsers": {access: forCallers, needs: access.UsersExport},
	"exportMe":    {access: forPersons, needs: access.MeRead, recent: true, limits: limitedSends},

	"getOverview":        {access: forCallers, needs: access.DashboardRead},
	"getUsersByStatus":   {access: forCallers, needs: access.DashboardRead},
	"getUsersByType":     {access: forCallers, needs: access.DashboardRead},
	"getUsersByAuthType": {access: forCallers, needs: access.DashboardRead},
	"getUsersByCountry":  {access: forCallers, needs: access.DashboardRead},
	"getUsersByLanguage": {access: forCallers, needs: access.DashboardRead},
	"getUserGrowth":      {access: forCallers, needs: access.DashboardRead},
	"getRoleStatistics":  {access: forCallers, needs: access.DashboardRead},
	"getRecentSignIns":   {access: forCallers, needs: access.DashboardRead},
	"getDashboards":      {access: forCallers, needs: access.DashboardRead},

	"listAuditLogs":     {access: forCallers, needs: access.AuditRead},
	"getAuditLog":       {access: forCallers, needs: access.AuditRead},
	"postAuditLog":      {access: forCallers, needs: access.AuditWrite, repeated: isReplayed},
	"listLoginAttempts": {access: forCallers, needs: access.AuditRead},

	"listOutbox":         {access: forCallers, needs: access.MailRead},
	"retryOutboxMessage": {access: forCallers, needs: access.MailRetry},

	"getHealth":         {uncounted: true},
	"getLiveness":       {uncounted: true},
	"getReadiness":      {uncounted: true},
	"getDatabaseHealth": {access: forOperators, needs: access.HealthRead},
	"getCacheHealth":    {access: forOperators, needs: access.HealthRead},
	"getMailHealth":     {access: forOperators, needs: access.HealthRead},
	"getStorageHealth":  {access: forOperators, needs: access.HealthRead},
	"getSystemHealth":   {access: forOperators, needs: access.HealthRead},

	"listCaughtMessages":  {access: forThisMachine, secret: true, uncounted: true},
	"clearCaughtMessages": {access: forThisMachine, uncounted: true},
}

var (
	errNoCredentials = core.NewError(core.KindUnauthenticated, core.CodeUnauthenticated, "Please sign in.")
	errEnrol         = core.NewError(core.KindForbidden, core.CodeSecondFactorRequired, "Please enrol a second factor first.")
	errPersons       = core.NewError(core.KindForbidden, core.CodeForbidden, "This is for people. A service account cannot do it.")
	errSignedIn      = core.NewError(core.KindConflict, core.CodeAlreadySignedIn, "You are signed in already. Sign out first.")
)

// admit enforces a rule before anything else of the request is looked at.
func (s *server) admit(c *fiber.Ctx, demanded rule) error {
	switch demanded.access {
	case forAnyone:
		return nil
	case forOperators:
		return s.admitOperator(c, demanded)
	case forThisMachine:
		return hideUnless(s.deps.Mailbox != nil && isLocal(c))
	case forStrangers, forHolders, forPersons, forCallers:
	}
	who, err := s.authenticate(c)
	switch {
	case err == nil:
		return s.admitCaller(c, demanded, who)
	case demanded.access == forPersons, demanded.access == forCallers:
		return err
	case core.AsError(err).Kind == core.KindUnauthenticated:
		c.SetUserContext(context.WithValue(c.UserContext(), refusalKey{}, err))
		return nil
	default:
		return err
	}
}

func (s *server) admitCaller(c *fiber.Ctx, demanded rule, who signin.Authenticated) error {
	if demanded.access == forStrangers {
		return errSignedIn
	}
	if err := s.believeCookie(c, who); err != nil {
		return err
	}
	c.SetUserContext(core.WithCaller(caller.With(c.UserContext(), who), who.Principal))
	now := s.deps.Clock.Now()
	if !demanded.enrolling && !who.EnrolBy.IsZero() && !now.Before(who.EnrolBy) {
		return errEnrol
	}
	if err := demanded.permits(&who); err != nil {
		return err
	}
	if demanded.recent {
		return who.User.RequireProof(who.Principal, now, s.options.RecentWindow)
	}
	return nil
}

// permits judges by what the caller came, and what they hold.
func (r rule) permits(who *signin.Authenticated) error {
	switch {
	case who.Principal.Means == core.ByService && r.access == forPersons:
		return errPersons
	case who.Principal.Means != core.BySession && (r.inPerson || r.recent):
		return core.ErrInPerson
	}
	return r.suffices(&who.Rights.Set)
}

// suffices judges by the permission, or by the two of which either will do. Its refusal is the same whatever is acted
// upon: that is not looked at for who may nothing of it.
func (r rule) suffices(held *access.Set) error {
	switch {
	case r.needs == access.Everything || held.Has(r.needs):
		return nil
	case r.or == access.Everything:
		return access.Lacks(r.needs)
	case held.Has(r.or):
		return nil
	}
	return access.Lacks(r.needs, r.or)
}

// admitOperator admits everybody on the private listener, which only operators reach.
func (s *server) admitOperator(c *fiber.Ctx, demanded rule) error {
	if s.private {
		return nil
	}
	who, err := s.authenticate(c)
	switch {
	case err != nil && core.AsError(err).Kind != core.KindUnauthenticated:
		return err
	case err != nil || !who.Rights.Set.Has(demanded.needs):
		return fiber.ErrNotFound
	}
	return s.admitCaller(c, demanded, who)
}

func hideUnless(visible bool) error {
	if visible {
		return nil
	}
	return fiber.ErrNotFound
}

func (s *server) authenticate(c *fiber.Ctx) (signin.Authenticated, error) {
	raw, ok := credentials(c)
	_, ofProgram := apitoken.FormOf(raw)
	if !ok || ofProgram && s.isGuess(c, raw) {
		return signin.Authenticated{}, errNoCredentials
	}
	who, err := s.deps.Authenticator.Authenticate(c.UserContext(), raw)
	if ofProgram && err == nil {
		s.familiar.add(raw)
	}
	return who, err
}

// credentials gives the token of a request. Those of programs come by Authorization alone: in a cookie they would be sent
// along with what other sites cause. A request that says who it is by Authorization, in whatever
// scheme, is that: its cookies are not looked at.
func credentials(c *fiber.Ctx) (token string, ok bool) {
	if carried := c.Get(fiber.HeaderAuthorization); carried != "" {
		return bearer(carried)
	}
	tellToken(c)
	carried := visitFrom(c.UserContext()).jar.access.value
	_, ofProgram := apitoken.FormOf(carried)
	return carried, isToken(carried) && !ofProgram
}

// maxToken is the longest access token that is looked at; ours are below a kilobyte.
const maxToken = 8 << 10

// bearer reads an Authorization header (RFC 6750 §2.1): the scheme in any case, one space or more, and
// one token of the letters of RFC 9110 token68.
func bearer(header string) (token string, ok bool) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimLeft(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || !isToken(token) {
		return "", false
	}
	return token, true
}

func isToken(text string) bool {
	if text == "" || len(text) > maxToken {
		return false
	}
	for i := range len(text) {
		if !token68[text[i]] {
			return false
		}
	}
	return true
}

// token68 tells which bytes those letters are. It is a table because every request is looked at letter by letter.
var token68 = func() (allowed [256]bool) {
	for _, letter := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") {
		allowed[letter] = true
	}
	return allowed
}()

type refusalKey struct{}

// refusalFrom tells why a caller that could do without a token is not signed in.
func refusalFrom(ctx context.Context) error {
	if err, ok := ctx.Value(refusalKey{}).(error); ok {
		return err
	}
	return errNoCredentials
}
