/* SPDX-License-Identifier: Apache-2.0 */
/* Every file of store/sql on the migrated schema: PostgreSQL understands it, it takes as many
 * parameters as we count, and the application may run it. */
#include <libpq-fe.h>

#include "store/migrate.h"
#include "store/sql.h"
#include "tests/t.h"

static PGconn *conn;

static void prepare_one(const struct sql_stmt *s)
{
    PGresult *made = PQprepare(conn, s->name, s->text, 0, NULL);
    if (PQresultStatus(made) != PGRES_COMMAND_OK)
        fprintf(stderr, "%s: %s", s->name, PQresultErrorMessage(made));
    CHECK(PQresultStatus(made) == PGRES_COMMAND_OK);
    PQclear(made);

    PGresult *told = PQdescribePrepared(conn, s->name);
    if (PQnparams(told) != s->nparams)
        fprintf(stderr, "%s takes %d parameters\n", s->name, PQnparams(told));
    CHECK_I64(PQnparams(told), s->nparams);
    PQclear(told);
}

TEST(every_statement_is_understood)
{
    CHECK(sql_stmts_n > 0);
    for (size_t i = 0; i < sql_stmts_n; i++)
        prepare_one(sql_stmts[i]);
}

TEST(no_two_statements_have_one_name)
{
    for (size_t i = 1; i < sql_stmts_n; i++)
        CHECK(strcmp(sql_stmts[i - 1]->name, sql_stmts[i]->name) < 0);
}

static void run(const char *text)
{
    PGresult *res = PQexec(conn, text);
    CHECK(PQresultStatus(res) == PGRES_COMMAND_OK);
    PQclear(res);
}

int main(void)
{
    const char *conninfo = getenv("BOURSE_TEST_DB");
    struct err err = { 0 };
    int applied = 0;

    if (!conninfo) SKIP("BOURSE_TEST_DB names no PostgreSQL");
    struct db *owner = db_open(conninfo, DB_OWNER, &err);
    CHECK(owner && store_migrate(owner, &applied, &err));
    db_close(owner);
    conn = PQconnectdb(conninfo);
    CHECK(PQstatus(conn) == CONNECTION_OK);
    run("SET ROLE bourse_app");
    every_statement_is_understood();
    printf("ok every_statement_is_understood\n");
    no_two_statements_have_one_name();
    printf("ok no_two_statements_have_one_name\n");
    PQfinish(conn);
    return 0;
}
