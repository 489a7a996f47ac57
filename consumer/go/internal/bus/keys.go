package bus

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	zmq "github.com/pebbe/zmq4"

	"alertwire/executor/internal/settings"
)

const (
	role        = "consumer"
	secretEnd   = ".key_secret"
	fileSizeMax = 256
)

// A key in Z85: https://rfc.zeromq.org/spec/32/.
var z85 = regexp.MustCompile(`^[0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#-]{40}$`)

// pair is a key pair in Z85. It is never printed.
type pair struct{ public, secret string }

// readPair returns the pair with which an executor speaks; nil where there are no keys. It is
// consumer.key_secret, else the only one that begins with `consumer-`. Some keys but not the needed
// ones are an error, never a silent fall back.
func readPair(folder string) (*pair, error) {
	if has, err := hasKeys(folder); err != nil || !has {
		return nil, err
	}
	if err := refuseWritable(folder); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, role+secretEnd)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		others := othersIn(folder)
		switch len(others) {
		case 0:
			return nil, settings.Errorf("%s has no key for the %s: make one with `alertwire keys new %s`, "+
				"or remove the folder to go without encryption on loopback", folder, role, role)
		case 1:
			path = others[0]
		default:
			return nil, settings.Errorf("%s has several keys for the %s: keep the one that is this machine's", folder, role)
		}
	}
	secret, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	public, err := zmq.AuthCurvePublic(secret)
	if err != nil {
		return nil, settings.Errorf("%s holds no CURVE key", path)
	}
	kept := strings.TrimSuffix(path, secretEnd) + ".key"
	if _, err := os.Stat(kept); err == nil {
		beside, err := readKey(kept)
		if err != nil {
			return nil, err
		}
		if beside != public {
			return nil, settings.Errorf("%s does not belong to %s: they are two halves of different pairs",
				kept, filepath.Base(path))
		}
	}
	return &pair{public, secret}, nil
}

// refuseWritable refuses folders in which others could let their own keys in.
func refuseWritable(folder string) error {
	for _, part := range []string{"", "allowed", "allowed/alerts", "allowed/commands", "allowed/reports", "allowed/control"} {
		path := filepath.Join(folder, part)
		if found, err := os.Stat(path); err == nil && found.Mode().Perm()&0o022 != 0 {
			return settings.Errorf("%s can be written by others, who could let themselves in: run chmod 700 %s", path, path)
		}
	}
	return nil
}

// othersIn returns the secrets of consumer-NAME, in the order of the names.
func othersIn(folder string) (paths []string) {
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, role+"-") && strings.HasSuffix(name, secretEnd) {
			paths = append(paths, filepath.Join(folder, name))
		}
	}
	return paths
}

func hasKeys(folder string) (bool, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, settings.Errorf("%s cannot be read: %v; it must belong to the user that runs Alertwire", folder, reasonOf(err))
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".key") || strings.HasSuffix(entry.Name(), secretEnd) {
			return true, nil
		}
	}
	return false, nil
}

func readSecret(path string) (string, error) {
	found, err := os.Stat(path)
	if err != nil {
		return "", settings.Errorf("%s cannot be read: %v", path, reasonOf(err))
	}
	if mode := found.Mode().Perm(); mode&0o077 != 0 {
		return "", settings.Errorf("%s can be read by others (mode %04o): run chmod 600 %s, "+
			"and make a new pair if somebody may have read it", path, mode, path)
	}
	return readKey(path)
}

func readPublic(folder, name string) (string, error) {
	path := filepath.Join(folder, name+".key")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", settings.Errorf("%s is missing: copy it from the machine where %s runs", path, name)
	}
	return readKey(path)
}

func readKey(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", settings.Errorf("%s cannot be read: %v", path, reasonOf(err))
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, fileSizeMax))
	if err != nil {
		return "", settings.Errorf("%s cannot be read: %v", path, reasonOf(err))
	}
	key := strings.TrimSpace(string(text))
	// Five signs of Z85 can say more than 32 bits hold: no key then.
	if !z85.MatchString(key) || zmq.Z85encode(zmq.Z85decode(key)) != key {
		return "", settings.Errorf("%s must hold one key: 40 characters of Z85", path)
	}
	return key, nil
}

func reasonOf(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
