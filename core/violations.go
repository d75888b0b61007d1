package core

// Violations collects the rules that the fields of an input break, so that its author hears of all of
// them at once. The zero value is ready.
type Violations struct {
	fields []FieldError
	fault  error
}

// Add notes err as a violation of field: every field error of a KindInvalid error, renamed, or its code
// and message. An error of another kind is a fault; the first one is kept for Err. nil adds nothing.
func (v *Violations) Add(field string, err error) {
	if err == nil {
		return
	}
	domain := AsError(err)
	switch {
	case domain.Kind != KindInvalid && v.fault == nil:
		v.fault = err
	case domain.Kind != KindInvalid:
	case len(domain.Fields) == 0:
		v.fields = append(v.fields, FieldError{Field: field, Code: domain.Code, Message: domain.Message})
	default:
		for _, broken := range domain.Fields {
			broken.Field = field
			v.fields = append(v.fields, broken)
		}
	}
}

// AddFields notes violations that name their fields already.
func (v *Violations) AddFields(fields ...FieldError) { v.fields = append(v.fields, fields...) }

// Err gives the fault if there was one, else one error with every violation, else nil.
func (v *Violations) Err() error {
	if v.fault != nil {
		return v.fault
	}
	if len(v.fields) > 0 {
		return Invalid(v.fields...)
	}
	return nil
}
