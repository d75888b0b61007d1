module github.com/doorward/doorward/sql

go 1.26.0
