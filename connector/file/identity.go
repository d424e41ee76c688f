//go:build unix

package file

import (
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// identity is what a file keeps when it is renamed. It may be given to another file once it is removed.
type identity struct {
	dev, ino uint64
}

// identify returns the identity, and how many names the file has.
func identify(info fs.FileInfo) (id identity, names uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, 1
	}
	return identity{uint64(st.Dev), st.Ino}, uint64(st.Nlink)
}

// markBytes is how many of its first bytes tell a file from another one with the same inode.
const markBytes = 1024

// mark is the fingerprint of the first bytes of a file: fewer than markBytes while it has not more.
type mark struct {
	size int
	sum  uint64
}

// markOf returns the mark of a file. If want has a size, same says whether the file still begins like it.
func markOf(f *os.File, want mark) (now mark, same bool, err error) {
	var buf [markBytes]byte
	n, err := f.ReadAt(buf[:], 0)
	if err != nil && err != io.EOF {
		return mark{}, false, err
	}
	same = n >= want.size && sumOf(buf[:want.size]) == want.sum || want.size == 0
	return mark{size: n, sum: sumOf(buf[:n])}, same, nil
}

func sumOf(b []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(b) // a hash takes everything
	return h.Sum64()
}
