#include "app/history_agent.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "history/history_store.hpp"

#include <malloc.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <future>
#include <iterator>
#include <utility>

namespace memdb::app {
namespace {

constexpr Duration kEvery = 60s;  ///< between transactions on a quiet day
constexpr Duration kSoon = 2s;    ///< after something changed
constexpr Duration kApart = 10s;  ///< even when things change all the time
constexpr Duration kTidyEvery = 1h;
constexpr Duration kToldFor = 24h;          ///< that a file was set aside
constexpr std::size_t kUnwritten = 20'000;  ///< records
constexpr std::size_t kReadings = 4;        ///< at once

history::Retention retention_of(const config::HistorySettings& settings) {
    return {settings.keep, std::int64_t{settings.size_mib} * 1024 * 1024};
}

}  // namespace

struct HistoryAgent::Written {
    Result<void> result;
    std::optional<std::string> set_aside;
};

/// What the worker works with; the loop never looks into it.
struct HistoryAgent::Disk {
    std::string path;
    history::Retention retention;
    std::optional<history::HistoryStore> store;
    TimePoint tidied_at{};

    Result<void> open(WallTime wall) {
        if (store) return {};
        auto opened = history::HistoryStore::open(path, retention, wall);
        if (opened.has_error()) return opened.error();
        store.emplace(std::move(*opened));
        tidied_at = {};
        return {};
    }

    Written write(const history::Batch& batch, WallTime wall) {
        Written done{open(wall), {}};
        if (done.result.has_error()) return done;
        done.result = store->write(batch, wall);
        if (done.result.has_value() && (tidied_at == TimePoint{} || now() - tidied_at > kTidyEvery)) {
            tidied_at = now();
            store->set_retention(retention);
            done.result = store->tidy(wall);
        }
        done.set_aside = store->take_set_aside();
        return done;
    }
};

HistoryAgent::HistoryAgent(boost::asio::io_context& io, boost::asio::thread_pool& workers, std::string path,
                           std::function<void()> changed)
    : io_(io), workers_(workers), path_(std::move(path)), changed_(std::move(changed)), timer_(io) {}

HistoryAgent::~HistoryAgent() = default;

void HistoryAgent::follow(const config::HistorySettings& settings) {
    if (!settings.keep_it) {
        close(1s);
        failure_.reset();
        set_aside_.reset();
        return;
    }
    const history::Retention retention = retention_of(settings);
    if (!disk_) {
        disk_ = std::make_shared<Disk>();
        disk_->path = path_;
        disk_->retention = retention;
        has_news_ = true;  // so that the file is looked at soon, although nothing happens
        return;
    }
    boost::asio::post(workers_, [disk = disk_, retention] {
        disk->retention = retention;
        disk->tidied_at = {};
    });
}

void HistoryAgent::observe(const control::Snapshot& snapshot, TimePoint at, WallTime wall) {
    if (!disk_) return;
    has_news_ |= spans_.observe(snapshot, at, wall);
    is_wanted_ = std::ranges::any_of(snapshot.profiles, [](const control::ProfileView& profile) {
        return profile.wanted == control::Wanted::connected;
    });
    arm(at);
}

void HistoryAgent::sample(const std::string& profile, const std::string& node, std::optional<Microseconds> took) {
    if (!disk_) return;
    if (took)
        pings_.answered(profile, node, *took, wall_now());
    else
        pings_.lost(profile, node, wall_now());
}

void HistoryAgent::arm(TimePoint at) {
    if (!disk_) return;
    std::optional<TimePoint> due;
    if (is_wanted_ || !unwritten_.empty()) due = std::max(flushed_at_, at - kEvery) + kEvery;
    if (has_news_) due = std::min(due.value_or(at + kSoon), std::max(at + kSoon, flushed_at_ + kApart));
    if (is_writing_) due.reset();  // its end arms anew
    if (armed_ && due && *armed_ <= *due) return;
    armed_ = due;
    timer_.cancel();
    if (!due) return;
    timer_.expires_at(*due);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        armed_.reset();
        flush();
    });
}

/// Puts what is due behind what could not be written yet. The number of records; nothing when there is none.
std::optional<std::size_t> HistoryAgent::collect(TimePoint at, WallTime wall) {
    spans_.go_on(at, wall);
    // Spans that are open were in the last batch too, as they were then: these are newer.
    std::vector<history::Span> spans = spans_.take();
    std::erase_if(unwritten_.spans, [](const history::Span& span) { return span.open; });
    std::ranges::move(spans, std::back_inserter(unwritten_.spans));
    std::vector<history::PingMinute> minutes = pings_.take(wall);
    std::ranges::move(minutes, std::back_inserter(unwritten_.minutes));
    const auto give_up = [this](auto& list) {
        if (list.size() <= kUnwritten) return;
        const auto surplus = static_cast<std::ptrdiff_t>(list.size() - kUnwritten);
        list.erase(list.begin(), list.begin() + surplus);
        dropped_ += surplus;
    };
    give_up(unwritten_.spans);
    give_up(unwritten_.minutes);
    if (unwritten_.empty()) return std::nullopt;
    return unwritten_.spans.size() + unwritten_.minutes.size();
}

void HistoryAgent::flush() {
    if (!disk_ || is_writing_) return;
    const TimePoint at = now();
    const WallTime wall = wall_now();
    flushed_at_ = at;
    has_news_ = false;
    if (!collect(at, wall) && is_open_) return arm(at);
    is_writing_ = true;
    boost::asio::post(workers_, [this, &io = io_, disk = disk_, batch = unwritten_, wall, life = std::weak_ptr(life_)] {
        Written done = disk->write(batch, wall);
        boost::asio::post(io, [this, done = std::move(done), life] {
            if (!life.expired()) written(done);
        });
    });
}

void HistoryAgent::written(const Written& done) {
    is_writing_ = false;
    const bool failed = done.result.has_error();
    const bool is_news = failed != failure_.has_value() || done.set_aside;
    if (done.set_aside) {
        set_aside_.emplace(now() + kToldFor, *done.set_aside);
        logger("history")->warn("the history was damaged and is begun anew: {}", *done.set_aside);
    }
    if (failed) {
        if (!failure_) logger("history")->warn("the history cannot be written: {}", done.result.error().message);
        failure_ = done.result.error();
    } else {
        if (failure_) logger("history")->info("the history is written again");
        failure_.reset();
        is_open_ = true;
        unwritten_ = {};
    }
    arm(now());
    if (is_news) changed_();
}

void HistoryAgent::ask(const control::HistoryQuery& query, std::function<void(control::Reply)> done) {
    const WallTime wall = wall_now();
    if (!disk_) {
        control::History none;
        none.state = control::HistoryState::off;
        none.message = "memdbd.toml says keep = false in [history]";
        none.since = none.until = wall;
        return done({200, control::to_json(none)});
    }
    if (reading_ >= kReadings)
        return done(control::error_reply(control::ErrorCode::busy, "the history is being read already: try again"));
    ++reading_;
    if (failure_) flush();  // it may be over
    spans_.go_on(now(), wall);
    history::Question question{query, wall, pings_.look(), unwritten_.spans};
    std::ranges::move(spans_.look(), std::back_inserter(question.fresh_spans));
    boost::asio::post(workers_, [this, &io = io_, disk = disk_, question = std::move(question), done = std::move(done),
                                 dropped = dropped_, life = std::weak_ptr(life_)] {
        control::Reply reply;
        if (const auto opened = disk->open(question.now); opened.has_error()) {
            control::History none;
            none.state = control::HistoryState::failed;
            none.message = opened.error().message;
            none.since = none.until = question.now;
            reply.body = control::to_json(none);
        } else if (auto history = disk->store->read(question); history.has_error()) {
            reply = control::error_reply(control::ErrorCode::internal,
                                         "the history cannot be read: " + history.error().message);
        } else {
            history->dropped = dropped;
            reply.body = control::to_json(*history);
        }
        ::malloc_trim(0);  // an answer can be some MB, and the agent is to stay small
        boost::asio::post(io, [this, reply = std::move(reply), done, life] {
            if (!life.expired()) --reading_;
            done(reply);
        });
    });
}

std::vector<health::Condition> HistoryAgent::conditions(TimePoint at) const {
    std::vector<health::Condition> all;
    if (failure_ && failure_->code == Errc::too_large)
        all.push_back({"disk-full", "the history cannot be written: the disk is full", path_});
    else if (failure_)
        all.push_back({"history-unavailable", "the history cannot be kept", path_ + ": " + failure_->message});
    if (set_aside_ && at < set_aside_->first)
        all.push_back({"history-damaged", "the history was damaged, and is begun anew", set_aside_->second});
    return all;
}

void HistoryAgent::close(Duration limit) {
    if (!disk_) return;
    timer_.cancel();
    armed_.reset();
    life_ = std::make_shared<const int>(0);  // what is on its way comes back to nobody
    is_writing_ = false;
    reading_ = 0;
    (void)collect(now(), wall_now());
    spans_.end();
    std::ranges::move(spans_.take(), std::back_inserter(unwritten_.spans));
    std::ranges::move(pings_.take_all(), std::back_inserter(unwritten_.minutes));
    auto finished = std::make_shared<std::promise<void>>();
    auto waiting = finished->get_future();
    boost::asio::post(workers_, [disk = std::exchange(disk_, nullptr), batch = std::exchange(unwritten_, {}),
                                 wall = wall_now(), finished] {
        if (disk->store || !batch.empty()) (void)disk->write(batch, wall);  // nobody is left to be told of a failure
        disk->store.reset();
        finished->set_value();
    });
    if (waiting.wait_for(limit) != std::future_status::ready)
        logger("history")->warn("the history's last minute is lost: the disk did not take it in {} ms", limit.count());
    is_wanted_ = has_news_ = is_open_ = false;
    spans_ = {};
    pings_ = {};
}

}  // namespace memdb::app
