package config

import (
	"reflect"
	"strings"
)

// Field is one setting as its documentation shows it.
type Field struct {
	// Name is the environment variable.
	Name string
	// Group is the part of Settings that it belongs to.
	Group string
	// Default is the value when nothing is set, in words where it depends on other settings.
	Default string
	// Example is the value to write for the default; empty where there is no fixed one.
	Example string
	// Doc says what it does.
	Doc string
	// Secret marks values that are better kept in a file.
	Secret bool
	path   string
}

// Fields lists every setting in the order of Settings.
func Fields() []Field {
	var fields []Field
	settings := reflect.TypeFor[Settings]()
	for i := range settings.NumField() {
		group := settings.Field(i)
		for j := range group.Type.NumField() {
			fields = append(fields, describe(group, group.Type.Field(j)))
		}
	}
	return fields
}

func describe(group, field reflect.StructField) Field {
	shown := field.Tag.Get("shown")
	if shown == "" {
		shown = field.Tag.Get("envDefault")
	}
	return Field{
		Name:    field.Tag.Get("env"),
		Group:   group.Name,
		Default: shown,
		Example: field.Tag.Get("envDefault"),
		Doc:     field.Tag.Get("doc"),
		Secret:  field.Type == reflect.TypeFor[Secret](),
		path:    field.Name,
	}
}

// nameOf finds the environment variable of a struct field as the parser names it.
func nameOf(path string) string {
	leaf := path[strings.LastIndexByte(path, '.')+1:]
	for _, field := range Fields() {
		if field.path == leaf {
			return field.Name
		}
	}
	return path
}
