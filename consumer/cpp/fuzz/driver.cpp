// Drives the fuzz target where libFuzzer is not there: every file of a folder, then changes of
// them, the same ones at every run.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int kRounds = 20'000;
constexpr int kChangesMax = 4;

void try_frame(const std::string& frame) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(frame.data()), frame.size());
}

std::size_t below(std::mt19937& random, std::size_t end) {
    return end == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
}

void change(std::string& frame, const std::string& other, std::mt19937& random) {
    const std::size_t at = below(random, frame.size() + 1);
    switch (below(random, 4)) {
        case 0:
            frame.resize(at);
            break;
        case 1:
            if (at < frame.size()) {
                frame[at] = static_cast<char>(random());
            }
            break;
        case 2:
            frame.insert(at, 1, static_cast<char>(random()));
            break;
        default:
            frame.insert(at, other, below(random, other.size()), below(random, 16));
    }
}

}  // namespace

int main(int count, char** values) {
    std::vector<std::string> corpus{""};
    for (int index = 1; index < count; ++index) {
        for (const auto& entry : std::filesystem::directory_iterator(values[index])) {
            const std::ifstream file(entry.path(), std::ios::binary);
            std::ostringstream content;
            content << file.rdbuf();
            corpus.push_back(content.str());
        }
    }
    for (const std::string& frame : corpus) {
        try_frame(frame);
    }
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same at every run
    for (int round = 0; round < kRounds; ++round) {
        std::string frame = corpus[below(random, corpus.size())];
        const std::size_t changes = 1 + below(random, kChangesMax);
        for (std::size_t number = 0; number < changes; ++number) {
            change(frame, corpus[below(random, corpus.size())], random);
        }
        try_frame(frame);
    }
    std::cout << corpus.size() + kRounds << " frames\n";
}
