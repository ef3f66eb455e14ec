import DebianBase
import Foundation
import Testing

@testable import Assembly

@Suite struct HandsetToolsetTests {
    private func options(
        _ library: HandsetToolset.CLibrary, for processor: Processor = .arm64, sources: String = "/src dir"
    ) throws -> (swift: [String], c: [String]) {
        let toolset = HandsetToolset(
            processor: processor, library: library,
            sysroot: Sysroot(for: [], in: CacheFolder(path: "/cache")),
            toolchain: Toolchain(version: "1", clangHeaders: "/clang/include", swift: "/swift"),
            sources: sources, linkerScriptFile: "/build/musl.ld")
        let json = try JSONSerialization.jsonObject(with: Data(toolset.json.utf8)) as? [String: Any]
        func list(_ key: String) throws -> [String] {
            try #require((json?[key] as? [String: Any])?["extraCLIOptions"] as? [String])
        }
        return (try list("swiftCompiler"), try list("cCompiler"))
    }

    @Test(arguments: [HandsetToolset.CLibrary.musl, .glibc])
    func whereTheSourcesAreIsMappedAway(library: HandsetToolset.CLibrary) throws {
        let options = try options(library)
        #expect(options.swift.contains("/src dir=/amos"))
        #expect(options.c.contains("-ffile-prefix-map=/src dir=/amos"))
        // Nothing else tells it.
        let others = (options.swift + options.c).filter { $0.contains("/src dir") && !$0.hasSuffix("=/amos") }
        #expect(others == [])
    }

    @Test func theTwoLibrariesDoNotMix() throws {
        let musl = try options(.musl)
        let glibc = try options(.glibc)
        #expect(musl.swift.contains("-static-pie") && !glibc.swift.contains("-static-pie"))
        #expect(!musl.c.contains { $0.hasSuffix("aarch64-linux-gnu") })
        #expect(!glibc.c.contains { $0.contains("musl") })
        // The build machine's own headers are never looked at.
        #expect(musl.c.contains("-nostdinc") && glibc.c.contains("-nostdinc"))
    }

    @Test(arguments: [(Processor.arm64, "aarch64"), (.amd64, "x86_64")])
    func everyFolderIsTheProcessorsOwn(processor: Processor, name: String) throws {
        for library in [HandsetToolset.CLibrary.musl, .glibc] {
            let options = try options(library, for: processor)
            let named = (options.swift + options.c).filter { $0.contains("-linux-") }
            #expect(!named.isEmpty && named.allSatisfy { $0.contains(name + "-linux-") })
        }
        #expect(processor.triple.hasPrefix(name))
    }
}
