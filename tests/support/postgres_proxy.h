// Stands between a service and the test cluster, and can lose a COMMIT: on its way there, or its answer on
// the way back. To the service both look alike.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tests {

class PostgresProxy {
  public:
    PostgresProxy();  // Throws std::runtime_error.
    ~PostgresProxy();
    PostgresProxy(const PostgresProxy&) = delete;
    PostgresProxy& operator=(const PostgresProxy&) = delete;

    std::string url(std::string_view database, std::string_view user) const;

    enum class Loss : std::uint8_t {
        commit,  // PostgreSQL never sees it
        answer,  // PostgreSQL has carried it out
    };
    // From now on the nth COMMIT (1 = the next) is lost with its connection; none before or behind it.
    void lose(Loss what, int nth);
    int commits() const { return commits_; }  // since lose()
    bool has_lost() const { return lost_; }

  private:
    void accept_all();
    void relay(int client);
    bool forward_queries(int server, std::string& pending);

    std::string directory_;
    int listener_ = -1;
    std::atomic<bool> stopping_ = false, lost_ = false;
    std::atomic<int> commits_ = 0, nth_ = 0;
    std::atomic<Loss> what_ = Loss::commit;
    std::thread acceptor_;
    std::vector<std::thread> relays_;  // grown by the acceptor only
};

}  // namespace tests
