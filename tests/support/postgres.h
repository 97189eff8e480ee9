// A private PostgreSQL cluster in a temporary directory, for one test program: started when first used, on a
// Unix socket only, and stopped when the program ends, however it ends.
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

namespace tests {

class Postgres {
  public:
    // Starts the cluster on the first call, which the main thread must make. Throws std::runtime_error.
    static Postgres& instance();
    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;

    // libpq URI; any role that exists may connect (trust). "postgres" is the superuser.
    std::string url(std::string_view database = "postgres", std::string_view user = "postgres") const;
    std::string socket_path() const { return directory_ + "/.s.PGSQL.5432"; }
    // Drops a database of that name, makes an empty one and returns its URI.
    std::string create_database(const std::string& name) const;
    // Runs statements as the superuser, each on its own. Throws std::runtime_error.
    void run(const std::string& sql, std::string_view database = "postgres") const;

    void stop();   // as if the machine had gone: connections are cut, nothing is written out
    void start();  // again, after stop()

  private:
    Postgres();
    ~Postgres();
    std::string directory_;
    pid_t server_ = -1;
};

}  // namespace tests
