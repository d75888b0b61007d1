module github.com/doorward/doorward/adapters

go 1.26.0
