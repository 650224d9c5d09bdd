package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"

	// The formats that an image may have.
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	"github.com/inferd/inferd/wire"
)

const (
	// maxImageFile bounds a file, maxPixels what is in it: a small file can hold
	// a large image. The protocol takes 128 MiB of media, 3 bytes a pixel.
	maxImageFile = 64 << 20
	maxPixels    = (128 << 20) / 3
)

// readImage reads an image as the protocol carries it: rows of red, green and
// blue. What is transparent is shown on white.
func readImage(path, id string) (wire.Attachment, error) {
	data, err := readFile(path, maxImageFile)
	if err != nil {
		return wire.Attachment{}, err
	}
	about, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return wire.Attachment{}, err
	}
	if pixels := int64(about.Width) * int64(about.Height); pixels < 1 || pixels > maxPixels {
		return wire.Attachment{}, fmt.Errorf("it has %d×%d pixels: allowed are 1 to %d in all", about.Width, about.Height, maxPixels)
	}
	decoded, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return wire.Attachment{}, err
	}
	size := decoded.Bounds().Size()
	return wire.Attachment{
		Kind: wire.AttachmentImage, ID: id, Width: int64(size.X), Height: int64(size.Y), Bytes: rgb(decoded),
	}, nil
}

// rgb are the pixels of an image, on white.
func rgb(from image.Image) []byte {
	size := from.Bounds().Size()
	flat := image.NewRGBA(image.Rect(0, 0, size.X, size.Y))
	draw.Draw(flat, flat.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), from, from.Bounds().Min, draw.Over)
	pixels := make([]byte, 0, size.X*size.Y*3)
	for i := 0; i < len(flat.Pix); i += 4 {
		pixels = append(pixels, flat.Pix[i:i+3]...)
	}
	return pixels
}
