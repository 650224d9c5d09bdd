package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// durationValue is a flag for a length of time, 0 or more.
type durationValue struct{ to *time.Duration }

func (v durationValue) Type() string { return "DURATION" }

func (v durationValue) String() string {
	if v.to == nil || *v.to == 0 {
		return ""
	}
	return v.to.String()
}

func (v durationValue) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return errors.New("it must be a length of time like 90s or 5m, 0 or more")
	}
	*v.to = d
	return nil
}

// optional is a flag that leaves a request's field out unless it is given.
// What is allowed in it is for the request's own rules to say.
type optional[T any] struct {
	to    **T
	kind  string
	parse func(string) (T, error)
}

func (v optional[T]) Type() string { return "N" }

func (v optional[T]) String() string {
	if v.to == nil || *v.to == nil {
		return ""
	}
	return fmt.Sprint(**v.to)
}

func (v optional[T]) Set(text string) error {
	value, err := v.parse(text)
	if err != nil {
		return fmt.Errorf("it must be a %s", v.kind)
	}
	*v.to = &value
	return nil
}

func optionalNumber(to **float64) optional[float64] {
	return optional[float64]{to, "number", func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }}
}

func optionalInteger(to **int64) optional[int64] {
	return optional[int64]{to, "whole number", func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }}
}
