module github.com/doorward/doorward/core

go 1.26.0
