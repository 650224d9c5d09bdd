package gguf

// Strings returns an array of strings.
func (v Value) Strings() ([]string, error) {
	if v.Type != Array || v.Elem != String {
		return nil, v.mistyped("an array of strings")
	}
	all := make([]string, 0, v.Len)
	err := v.eachString(func(s []byte) error {
		all = append(all, string(s))
		return nil
	})
	return all, err
}

// Ints returns an array of integers of any width, or of bools as 0 and 1.
// Elements of 64 bits without sign keep their bits.
func (v Value) Ints() ([]int64, error) {
	if v.Type != Array || !isInteger(v.Elem) && v.Elem != Bool {
		return nil, v.mistyped("an array of integers")
	}
	b, err := v.bytes()
	if err != nil {
		return nil, err
	}
	w := v.Elem.width()
	all := make([]int64, v.Len)
	for i := range all {
		all[i] = v.integer(v.Elem, b[int64(i)*w:])
		if v.Elem == Bool {
			all[i] = min(all[i], 1)
		}
	}
	return all, nil
}

// Floats returns an array of floating-point numbers of either width.
func (v Value) Floats() ([]float64, error) {
	if v.Type != Array || v.Elem != Float32 && v.Elem != Float64 {
		return nil, v.mistyped("an array of floating-point numbers")
	}
	b, err := v.bytes()
	if err != nil {
		return nil, err
	}
	w := v.Elem.width()
	all := make([]float64, v.Len)
	for i := range all {
		all[i] = v.float(v.Elem, b[int64(i)*w:])
	}
	return all, nil
}

// eachString calls f with the elements of an array of strings, each valid
// during the call only.
func (v Value) eachString(f func([]byte) error) error {
	b, err := v.bytes()
	if err != nil {
		return err
	}
	for range v.Len {
		// The lengths were checked when the file was opened; it may have been
		// written to since.
		if len(b) < 8 {
			return v.changed()
		}
		n := v.src.order.Uint64(b)
		if n > uint64(len(b)-8) {
			return v.changed()
		}
		if err := f(b[8 : 8+n]); err != nil {
			return err
		}
		b = b[8+n:]
	}
	return nil
}

func (v Value) changed() error {
	return wrong(v.Offset, "%q is not what it was when the file was opened", v.Key)
}
