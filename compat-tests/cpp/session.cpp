// A session of every kind through cppzmq, for compat-tests/tests/cppzmq.rs: what the header wraps is used
// once and looked at. Prints one line for each step; the first that fails ends the program with code 1.

#include <zmq.hpp>
#include <zmq_addon.hpp>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

#define CHECK(fact)                                                                                \
    do {                                                                                           \
        if (!(fact))                                                                               \
            throw std::runtime_error(std::string(__func__) + ", line " + std::to_string(__LINE__)  \
                                     + ": " #fact);                                                \
    } while (false)

namespace
{
std::string endpoint_of(zmq::socket_t &socket)
{
    return socket.get(zmq::sockopt::last_endpoint);
}

// A bound and a connected socket that give up after a while.
struct pair
{
    zmq::socket_t bound, connected;

    pair(zmq::context_t &context, zmq::socket_type a, zmq::socket_type b,
         const std::string &address = "tcp://127.0.0.1:*")
        : bound(context, a), connected(context, b)
    {
        for (zmq::socket_t *socket : {&bound, &connected}) {
            socket->set(zmq::sockopt::rcvtimeo, 10000);
            socket->set(zmq::sockopt::sndtimeo, 10000);
            socket->set(zmq::sockopt::linger, 0);
        }
        bound.bind(address);
        connected.connect(endpoint_of(bound));
    }
};

std::string receive(zmq::socket_t &socket)
{
    zmq::message_t message;
    CHECK(socket.recv(message, zmq::recv_flags::none));
    return message.to_string();
}

void the_library()
{
    const auto version = zmq::version();
    CHECK(std::get<0>(version) == 4 && std::get<1>(version) == 3);
    zmq::context_t context(2);
    CHECK(context.get(zmq::ctxopt::io_threads) == 2);
    context.set(zmq::ctxopt::max_sockets, 1);
    zmq::socket_t first(context, zmq::socket_type::pair);
    try {
        zmq::socket_t second(context, zmq::socket_type::pair);
        CHECK(false);
    } catch (const zmq::error_t &error) {
        CHECK(error.num() == EMFILE);
    }
}

void messages()
{
    zmq::message_t empty, text(std::string("text")), zeros(3);
    CHECK(empty.size() == 0 && text.to_string_view() == "text" && zeros.size() == 3);
    std::memset(zeros.data(), 0, zeros.size());
    zmq::message_t copy;
    copy.copy(text);
    CHECK(copy == text && copy != zeros);
    zmq::message_t moved(std::move(copy));
    CHECK(moved == text && copy.size() == 0);
    swap(moved, zeros);
    CHECK(moved.size() == 3 && zeros == text);

    // What is given away comes back once, when nobody uses it any more.
    static char buffer[70000];
    std::atomic<int> freed{0};
    {
        zmq::context_t context;
        pair sockets(context, zmq::socket_type::pull, zmq::socket_type::push);
        zmq::message_t given(
            buffer, sizeof buffer,
            [](void *, void *hint) { ++*static_cast<std::atomic<int> *>(hint); }, &freed);
        CHECK(sockets.connected.send(given, zmq::send_flags::none) == sizeof buffer);
        CHECK(receive(sockets.bound).size() == sizeof buffer);
    }
    CHECK(freed == 1);
}

void requests_and_replies(zmq::context_t &context)
{
    for (const char *address : {"tcp://127.0.0.1:*", "inproc://requests", "ipc://requests.ipc"}) {
        pair sockets(context, zmq::socket_type::rep, zmq::socket_type::req, address);
        for (const std::size_t size : {0, 33, 70000}) {
            const std::string question(size, '?');
            CHECK(sockets.connected.send(zmq::buffer(question), zmq::send_flags::none) == size);
            CHECK(receive(sockets.bound) == question);
            sockets.bound.send(zmq::str_buffer("answer"), zmq::send_flags::none);
            char answer[4];
            const auto got = sockets.connected.recv(zmq::buffer(answer), zmq::recv_flags::none);
            CHECK(got && got->truncated() && got->untruncated_size == 6);
            CHECK(std::string(answer, got->size) == "answ");
        }
        zmq::message_t nothing;
        CHECK(!sockets.bound.recv(nothing, zmq::recv_flags::dontwait));
    }
}

void multipart(zmq::context_t &context)
{
    pair sockets(context, zmq::socket_type::router, zmq::socket_type::dealer);
    sockets.connected.set(zmq::sockopt::routing_id, "late");
    zmq::multipart_t letter;
    letter.addstr("to");
    letter.addmem("", 0);
    letter.addtyp(int64_t{42});
    CHECK(letter.send(sockets.connected) && letter.empty());

    zmq::multipart_t got(sockets.bound);
    CHECK(got.size() == 4);
    const zmq::message_t from = got.pop();
    CHECK(from.size() == 5 && got.popstr() == "to" && got.popstr().empty());
    CHECK(got.poptyp<int64_t>() == 42 && got.empty());

    std::vector<zmq::message_t> parts;
    parts.emplace_back(from.data(), from.size());
    parts.emplace_back(std::string("one"));
    parts.emplace_back(std::string("two"));
    CHECK(zmq::send_multipart(sockets.bound, parts) == 3u);
    std::vector<zmq::message_t> received;
    CHECK(zmq::recv_multipart(sockets.connected, std::back_inserter(received)) == 2u);
    CHECK(received[0].more() && !received[1].more() && received[1].to_string() == "two");

    auto encoded = zmq::encode(received);
    CHECK(zmq::multipart_t::decode(encoded).size() == 2);
}

void subscriptions(zmq::context_t &context)
{
    pair sockets(context, zmq::socket_type::xpub, zmq::socket_type::sub);
    sockets.connected.set(zmq::sockopt::subscribe, "weather");
    CHECK(receive(sockets.bound) == std::string("\x01weather"));
    sockets.bound.send(zmq::str_buffer("sports"), zmq::send_flags::none);
    sockets.bound.send(zmq::str_buffer("weather: fine"), zmq::send_flags::none);
    CHECK(receive(sockets.connected) == "weather: fine");
    sockets.connected.set(zmq::sockopt::unsubscribe, "weather");
    const std::string cancelled("\0weather", 8);
    CHECK(receive(sockets.bound) == cancelled);
}

void polling(zmq::context_t &context)
{
    pair one(context, zmq::socket_type::pull, zmq::socket_type::push);
    pair other(context, zmq::socket_type::pull, zmq::socket_type::push, "inproc://polling");
    std::vector<zmq::pollitem_t> items{{one.bound.handle(), 0, ZMQ_POLLIN, 0},
                                       {other.bound.handle(), 0, ZMQ_POLLIN, 0}};
    CHECK(zmq::poll(items, 0ms) == 0);
    other.connected.send(zmq::str_buffer("x"), zmq::send_flags::none);
    CHECK(zmq::poll(items, 10s) == 1 && items[1].revents == ZMQ_POLLIN && items[0].revents == 0);
    CHECK(receive(other.bound) == "x");
    one.connected.send(zmq::str_buffer("y"), zmq::send_flags::none);
    CHECK(zmq::poll(items, 10s) == 1 && items[0].revents == ZMQ_POLLIN);
    CHECK(one.bound.get(zmq::sockopt::events) & ZMQ_POLLIN);
    CHECK(receive(one.bound) == "y");
#if defined(ZMQ_HAVE_POLLER) && defined(ZMQ_CPP11)
    zmq::poller_t<std::string> poller;
    std::string tag = "one";
    poller.add(one.bound, zmq::event_flags::pollin, &tag);
    std::vector<zmq::poller_event<std::string>> events(4);
    CHECK(poller.wait_all(events, 0ms) == 0);
    one.connected.send(zmq::str_buffer("z"), zmq::send_flags::none);
    CHECK(poller.wait_all(events, 10s) == 1 && *events[0].user_data == "one");
    poller.remove(one.bound);
#endif
}

// Counts what it is told.
class watcher : public zmq::monitor_t
{
  public:
    std::atomic<int> listening{0}, accepted{0}, shaken{0}, disconnected{0};
    void on_event_listening(const zmq_event_t &, const char *) override { ++listening; }
    void on_event_accepted(const zmq_event_t &, const char *) override { ++accepted; }
    void on_event_handshake_succeeded(const zmq_event_t &, const char *) override { ++shaken; }
    void on_event_disconnected(const zmq_event_t &, const char *) override { ++disconnected; }
};

void monitoring(zmq::context_t &context)
{
    zmq::socket_t server(context, zmq::socket_type::rep);
    watcher events;
    events.init(server, "inproc://monitor", ZMQ_EVENT_ALL);
    server.bind("tcp://127.0.0.1:*");
    const auto all_of = [&](const std::atomic<int> &counter) {
        for (int i = 0; i < 100 && counter == 0; ++i)
            events.check_event(100);
        return counter.load();
    };
    CHECK(all_of(events.listening) == 1);
    {
        zmq::socket_t client(context, zmq::socket_type::req);
        client.connect(endpoint_of(server));
        CHECK(all_of(events.accepted) == 1 && all_of(events.shaken) == 1);
    }
    CHECK(all_of(events.disconnected) == 1);
}

void curve(zmq::context_t &context)
{
    char server_public[41], server_secret[41], client_public[41], client_secret[41];
    CHECK(zmq_curve_keypair(server_public, server_secret) == 0);
    CHECK(zmq_curve_keypair(client_public, client_secret) == 0);
    zmq::socket_t server(context, zmq::socket_type::rep), client(context, zmq::socket_type::req);
    server.set(zmq::sockopt::curve_server, true);
    server.set(zmq::sockopt::curve_secretkey, server_secret);
    client.set(zmq::sockopt::curve_serverkey, server_public);
    client.set(zmq::sockopt::curve_publickey, client_public);
    client.set(zmq::sockopt::curve_secretkey, client_secret);
    server.bind("tcp://127.0.0.1:*");
    client.connect(endpoint_of(server));
    client.send(zmq::str_buffer("secret"), zmq::send_flags::none);
    CHECK(receive(server) == "secret");
    CHECK(server.get(zmq::sockopt::mechanism) == ZMQ_CURVE);
}

void proxying(zmq::context_t &context)
{
    zmq::socket_t front(context, zmq::socket_type::router), back(context, zmq::socket_type::dealer);
    zmq::socket_t control(context, zmq::socket_type::pair), steer(context, zmq::socket_type::pair);
    front.bind("inproc://front");
    back.bind("inproc://back");
    control.bind("inproc://control");
    steer.connect("inproc://control");
    auto proxy = std::async(std::launch::async, [&] {
        zmq::proxy_steerable(front, back, zmq::socket_ref(), control);
    });
    zmq::socket_t client(context, zmq::socket_type::req), worker(context, zmq::socket_type::rep);
    client.connect("inproc://front");
    worker.connect("inproc://back");
    for (int i = 0; i < 100; ++i) {
        client.send(zmq::buffer(std::to_string(i)), zmq::send_flags::none);
        CHECK(receive(worker) == std::to_string(i));
        worker.send(zmq::str_buffer("done"), zmq::send_flags::none);
        CHECK(receive(client) == "done");
    }
    steer.send(zmq::str_buffer("TERMINATE"), zmq::send_flags::none);
    CHECK(proxy.wait_for(10s) == std::future_status::ready);
    proxy.get();
}

void ending()
{
    zmq::context_t context;
    zmq::socket_t socket(context, zmq::socket_type::pull);
    socket.bind("inproc://ending");
    auto waiting = std::async(std::launch::async, [&] {
        try {
            zmq::message_t message;
            (void) socket.recv(message, zmq::recv_flags::none);
            return 0;
        } catch (const zmq::error_t &error) {
            socket.close();
            return error.num();
        }
    });
    context.shutdown();
    CHECK(waiting.wait_for(10s) == std::future_status::ready);
    CHECK(waiting.get() == ETERM);
    context.close();
    CHECK(context.handle() == nullptr);
}

void with_context(const char *name, void (*step)(zmq::context_t &))
{
    zmq::context_t context;
    step(context);
    std::cout << name << std::endl;
}
}

int main()
{
    try {
        the_library();
        std::cout << "library" << std::endl;
        messages();
        std::cout << "messages" << std::endl;
        with_context("requests", requests_and_replies);
        with_context("multipart", multipart);
        with_context("subscriptions", subscriptions);
        with_context("polling", polling);
        with_context("monitoring", monitoring);
        with_context("curve", curve);
        with_context("proxying", proxying);
        ending();
        std::cout << "ending" << std::endl;
    } catch (const std::exception &error) {
        std::cerr << "failed: " << error.what() << std::endl;
        return 1;
    }
    return 0;
}
