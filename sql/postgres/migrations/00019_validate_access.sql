-- +goose Up

-- In a transaction of its own, so that people sign in while it reads the rows.
ALTER TABLE user_roles VALIDATE CONSTRAINT user_roles_role_fkey;
ALTER TABLE journal VALIDATE CONSTRAINT journal_subject_check;
ALTER TABLE users VALIDATE CONSTRAINT users_source_check;
ALTER TABLE users VALIDATE CONSTRAINT users_external_id_check;
ALTER TABLE users VALIDATE CONSTRAINT users_country_check;
ALTER TABLE users VALIDATE CONSTRAINT users_theme_check;
ALTER TABLE users VALIDATE CONSTRAINT users_timezone_check;
ALTER TABLE users VALIDATE CONSTRAINT users_visibility_check;
