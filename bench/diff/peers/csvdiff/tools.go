//go:build tools

// Names the tool that go.mod pins.
package tools

import _ "github.com/aswinkarthik/csvdiff"
