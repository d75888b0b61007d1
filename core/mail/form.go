package mail

// form is what a kind of letter consists of.
type form struct {
	// code tells that the letter has a short code.
	code bool
	// path is where the letter's link leads below the front end; empty for a letter without one.
	path string
	// pointless tells that the letter is not worth sending once its code and link have expired.
	pointless bool
}

var forms = map[Kind]form{
	KindRegistration:      {code: true, path: "verify-email", pointless: true},
	KindAlreadyRegistered: {},
	KindConfirmation:      {code: true, path: "verify-email", pointless: true},
	KindPasswordReset:     {code: true, path: "reset-password", pointless: true},
	KindPasswordChanged:   {},
	KindEmailChange:       {code: true, path: "verify-email", pointless: true},
	KindEmailChanged:      {path: "undo-email-change"},
	KindEmailChangeUndone: {},
	KindUsernameChanged:   {},
	KindSessionStolen:     {},
	KindSessionEvicted:    {},
	KindDeactivated:       {},
	KindDeleted:           {path: "restore"},
	KindRestored:          {},

	KindInvitation:          {path: "reset-password", pointless: true},
	KindSuspended:           {},
	KindReinstated:          {},
	KindPasswordResetForced: {path: "reset-password"},

	KindNewDevice:          {},
	KindDeviceTrusted:      {},
	KindAccountLocked:      {path: "unlock"},
	KindSecondFactorLocked: {},
	KindSecondFactorCode:   {code: true, pointless: true},
	KindFactorEmail:        {code: true, pointless: true},
	KindFactorAdded:        {},
	KindFactorRemoved:      {},
	KindRecoveryCodesMade:  {},
	KindRecoveryCodeUsed:   {},

	KindSecuritySettingsChanged: {},

	KindTokenCreated: {},
	KindImpersonated: {},
	KindDataExported: {},

	KindAccessChanged: {},
}
