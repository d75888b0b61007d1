package api

import (
	"context"

	"github.com/doorward/doorward/api/oapi"
	"github.com/doorward/doorward/core/credential"
)

// EstimatePassword tells how strong a password would be.
func (h authHandlers) EstimatePassword(
	ctx context.Context, request oapi.EstimatePasswordRequestObject,
) (oapi.EstimatePasswordResponseObject, error) {
	appraisal, err := h.deps.Appraiser.Appraise(ctx, request.Body.Password, request.Body.Context...)
	return oapi.EstimatePassword200JSONResponse(encodeAppraisal(appraisal)), err
}

func encodeAppraisal(appraisal credential.Appraisal) oapi.PasswordStrength {
	strength := oapi.PasswordStrength{
		Score: appraisal.Score, GuessesLog10: float32(appraisal.GuessesLog10),
		Warning: oapi.PasswordStrengthWarning(appraisal.Warning), Acceptable: len(appraisal.Flaws) == 0, Errors: []oapi.PasswordFlaw{},
	}
	for _, flaw := range appraisal.Flaws {
		strength.Errors = append(strength.Errors, oapi.PasswordFlaw{Code: oapi.FieldCode(flaw.Code), Message: flaw.Message})
	}
	return strength
}
