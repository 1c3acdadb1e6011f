// A process of a test's own: started with an argv, gone at the end of the object's life whatever happens.
#pragma once

#include <gtest/gtest.h>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

namespace memdb::tests {

class Child {
  public:
    /// In the calling thread's namespaces; argv[0] is looked up in PATH.
    explicit Child(std::vector<std::string> argv) {
        std::vector<char*> words;
        for (std::string& word : argv) words.push_back(word.data());
        words.push_back(nullptr);
        EXPECT_EQ(::posix_spawnp(&pid_, words[0], nullptr, nullptr, words.data(), environ), 0) << argv[0];
    }
    ~Child() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        (void)wait();
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    Child(Child&&) = delete;
    Child& operator=(Child&&) = delete;

    [[nodiscard]] int pid() const { return pid_; }
    void signal(int number) const { ::kill(pid_, number); }

    /// Waits for its end. @return the signal that ended it; 0 when it exited.
    int wait() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }

  private:
    pid_t pid_ = -1;
};

}  // namespace memdb::tests
