-- A grant and a session's end wrote two indexes more than anybody needs: at most one session is open on each machine, so the
-- open ones of a person or a controller are found by way of sessions_open.
DROP INDEX sessions_open_of_person;
DROP INDEX sessions_open_of_controller;
