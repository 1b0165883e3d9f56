-- Names only: a page that may have been accepted is unconfirmed; pages sent by `tocsin test-page` are test pages.
ALTER TABLE pages RENAME COLUMN doubted_at TO unconfirmed_at;
UPDATE incidents SET origin = jsonb_build_object('test_page', origin -> 'trial') WHERE origin ? 'trial';
