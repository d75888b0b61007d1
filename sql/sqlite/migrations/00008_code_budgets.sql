-- +goose Up

-- The sweep of counts looks for those of subjects that are no account, by age. Over an index of all ages it reads
-- every account's count each time: 260 ms with 300,000 of them, and 0.6 ms with this one.
DROP INDEX code_budgets_by_age;
CREATE INDEX code_budgets_of_nobody ON code_budgets (touched_at)
  WHERE subject NOT GLOB '????????-????-????-????-????????????';
