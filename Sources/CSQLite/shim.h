#include <sqlite3.h>

/// Says whether the last connection to close writes the journal's pages to the database. sqlite3_db_config is variadic,
/// which Swift cannot call.
static inline int holdfast_set_checkpoint_on_close(sqlite3 *connection, int does) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !does, (int *)0);
}
