package settings

import (
	"maps"
	"strings"
	"testing"
)

func TestDotenvIsReadAsOthersReadIt(t *testing.T) {
	found, err := readDotenv("# a comment\n"+
		"A=1\n"+
		"export B = two words  # and a comment\r\n"+
		"C='${A}'\n"+
		"D=\"line\\n${A}${NOT_SET:-x}${NOT_SET}\" # x\n"+
		"E=${OUTER}/${A}$A${1}\n"+
		"F= # nothing\n"+
		"G=a#b\n"+
		"H=it's", map[string]string{"OUTER": "o"})

	want := map[string]string{
		"A": "1", "B": "two words", "C": "${A}", "D": "line\n1x", "E": "o/1$A${1}", "F": "", "G": "a#b", "H": "it's",
	}
	if err != nil || !maps.Equal(found, want) {
		t.Errorf("%q, %v", found, err)
	}
}

func TestALineThatIsNoAssignmentIsRefusedWithItsNumber(t *testing.T) {
	for _, line := range []string{"ALERTWIRE_HOME", "A B=1", "A='open", "A='x'y", "A: 1", "1A=1", "=1"} {
		if _, err := readDotenv("B=1\n"+line+"\n", nil); err == nil || !strings.Contains(err.Error(), ".env: line 2 ") {
			t.Errorf("%q: %v", line, err)
		}
	}
}
