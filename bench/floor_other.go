//go:build !unix

package main

import (
	"context"
	"errors"
)

func floorDelays(context.Context, string, pace, int) ([]float64, error) {
	return nil, errors.ErrUnsupported
}
