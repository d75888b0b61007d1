package jwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"

	"github.com/doorward/doorward/core/token"
)

// jwk is a public key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). It has no field for a private member.
type jwk struct {
	KeyType   string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	Modulus   string `json:"n,omitempty"`
	Exponent  string `json:"e,omitempty"`
}

// KeySet implements token.Signer: {"keys":[…]} with the published keys, oldest first.
func (s *Signer) KeySet() []byte {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, key := range s.keys.Published() {
		if public, ok := publicJWK(key); ok {
			set.Keys = append(set.Keys, public)
		}
	}
	text, _ := json.Marshal(set) // plain strings always marshal
	return text
}

func publicJWK(key token.Key) (jwk, bool) {
	public := jwk{Use: "sig", Algorithm: string(key.Algorithm), ID: key.ID}
	encode := base64.RawURLEncoding.EncodeToString
	switch half := key.Public.(type) {
	case *ecdsa.PublicKey:
		point, err := half.Bytes() // 4, x, y (SEC 1 §2.3.3)
		if err != nil {
			return jwk{}, false
		}
		width := (len(point) - 1) / 2
		public.KeyType, public.Curve = "EC", half.Curve.Params().Name
		public.X, public.Y = encode(point[1:1+width]), encode(point[1+width:])
	case ed25519.PublicKey:
		public.KeyType, public.Curve, public.X = "OKP", "Ed25519", encode(half)
	case *rsa.PublicKey:
		public.KeyType = "RSA"
		public.Modulus, public.Exponent = encode(half.N.Bytes()), encode(big.NewInt(int64(half.E)).Bytes())
	default:
		return jwk{}, false
	}
	return public, true
}
