package config

import (
	"errors"
	"regexp"
	"time"
)

// OpenAI are the settings of a backend on a server of the OpenAI dialect.
type OpenAI struct {
	BaseURL string
	// Model is the model that the server is asked for.
	Model string
	// APIKeyEnv names the environment variable with the key; empty is none.
	APIKeyEnv string
	// Timeout is how long the server may be silent.
	Timeout time.Duration
}

// Bedrock are the settings of a backend on AWS Bedrock.
type Bedrock struct {
	Region  string
	ModelID string
	// BearerTokenEnv names the environment variable with the token; empty uses
	// the credentials that AWS's own tools use.
	BearerTokenEnv string
	// Endpoint is the URL that replaces the region's; empty is the region's.
	Endpoint string
	// Timeout is how long the server may be silent.
	Timeout time.Duration
}

// DefaultTimeout is how long a remote server may be silent.
const DefaultTimeout = 300 * time.Second

func (o *OpenAI) fields() []field {
	return []field{
		bind("base_url", &o.BaseURL, serverURL),
		bind("model", &o.Model, text(checkRemoteModel)),
		bind("api_key_env", &o.APIKeyEnv, variable),
		bind("timeout_secs", &o.Timeout, seconds),
	}
}

func (b *Bedrock) fields() []field {
	return []field{
		bind("region", &b.Region, text(checkRegion)),
		bind("model_id", &b.ModelID, text(checkRemoteModel)),
		bind("bearer_token_env", &b.BearerTokenEnv, variable),
		bind("endpoint", &b.Endpoint, cloudURL),
		bind("timeout_secs", &b.Timeout, seconds),
	}
}

var remoteModel = regexp.MustCompile(`^[!-~]{1,256}$`)

func checkRemoteModel(s string) error {
	if !remoteModel.MatchString(s) {
		return errors.New("it must be 1 to 256 characters of ASCII without spaces")
	}
	return nil
}

var regionForm = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$`)

func checkRegion(s string) error {
	if !regionForm.MatchString(s) {
		return errors.New("it must be the name of a region, such as eu-central-1")
	}
	return nil
}
