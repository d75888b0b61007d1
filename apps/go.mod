module github.com/doorward/doorward/apps

go 1.26.0
