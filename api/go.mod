module github.com/doorward/doorward/api

go 1.26.0
