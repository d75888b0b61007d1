package proof_test

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// sources are the tests of a tree of Go modules.
type sources struct {
	root  fs.FS
	files map[string]*source
	// suites are the texts of the packages that hold contract suites: their cases run under the names of the tests
	// that hand them a store.
	suites map[string]bool
}

// source is one file of tests.
type source struct {
	tests map[string]*ast.FuncDecl
	texts map[string]bool
	tag   constraint.Expr
}

// readSources parses every file of tests below root, and every package whose name ends in "test".
func readSources(root string) (*sources, error) {
	read := &sources{root: os.DirFS(root), files: map[string]*source{}, suites: map[string]bool{}}
	err := fs.WalkDir(read.root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if err == nil && name != "." && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			return err
		}
		suite := strings.HasSuffix(path.Dir(name), "test") && strings.HasSuffix(name, ".go")
		if !suite && !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := readSource(filepath.Join(root, name))
		if err != nil {
			return err
		}
		read.files[name] = file
		for text := range file.texts {
			read.suites[text] = read.suites[text] || suite
		}
		return nil
	})
	return read, err
}

func readSource(name string) (*source, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	file := &source{tests: map[string]*ast.FuncDecl{}, texts: map[string]bool{}}
	for _, declared := range parsed.Decls {
		if function, ok := declared.(*ast.FuncDecl); ok && function.Recv == nil {
			file.tests[function.Name.Name] = function
		}
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				file.texts[text] = true
			}
		}
		return true
	})
	for _, group := range parsed.Comments {
		for _, comment := range group.List {
			if constraint.IsGoBuild(comment.Text) {
				file.tag, err = constraint.Parse(comment.Text)
			}
		}
	}
	return file, err
}

// check tells what is wrong with a proof; nothing when its test exists and is run.
func (s *sources) check(named proof) error {
	file, known := s.files[named.file]
	if !known {
		return fmt.Errorf("%s: there is no such file", named)
	}
	function, known := file.tests[named.test]
	if !known {
		return fmt.Errorf("%s: there is no such test", named)
	}
	for name := range strings.SplitSeq(named.sub, "/") {
		if name != "" && !s.hasText(path.Dir(named.file), name) {
			return fmt.Errorf("%s: no subtest is called %q", named, name)
		}
	}
	if skips(function) {
		return fmt.Errorf("%s: it can be skipped", named)
	}
	if file.tag != nil && !s.isMeasured(named, file.tag) {
		return fmt.Errorf("%s: nothing runs it: it is built only with %s", named, file.tag)
	}
	return nil
}

// hasText reports whether the name of a subtest is written in the tests of the folder or in a contract suite.
func (s *sources) hasText(folder, name string) bool {
	if s.suites[name] {
		return true
	}
	for file, read := range s.files {
		if path.Dir(file) == folder && read.texts[name] {
			return true
		}
	}
	return false
}

func skips(function *ast.FuncDecl) (found bool) {
	ast.Inspect(function, func(node ast.Node) bool {
		call, ok := node.(*ast.SelectorExpr)
		found = found || ok && strings.HasPrefix(call.Sel.Name, "Skip")
		return true
	})
	return found
}

var runPattern = regexp.MustCompile(`-run '([^']+)'`)

// isMeasured reports whether a target of its own builds the file and runs the test: a script in .ci that names the
// tag and, in one of its lines, the folder, with a pattern that the test fits or without one.
func (s *sources) isMeasured(named proof, tag constraint.Expr) bool {
	scripts, err := fs.Glob(s.root, ".ci/*")
	if err != nil {
		return false
	}
	for _, name := range scripts {
		text, err := fs.ReadFile(s.root, name)
		if err != nil || !strings.Contains(string(text), "-tags "+tag.String()) {
			continue
		}
		for command := range strings.SplitSeq(string(text), "\n") {
			if strings.HasSuffix(command, "/"+path.Dir(named.file)) && runs(command, named.test) {
				return true
			}
		}
	}
	return false
}

// runs reports whether a command's -run, if it has one, takes the test in.
func runs(command, test string) bool {
	pattern := runPattern.FindStringSubmatch(command)
	return len(pattern) < 2 || regexp.MustCompile(pattern[1]).MatchString(test)
}
