import Foundation

/// How the stock toolchain is told to build an app: the files of a Swift SDK that say so, and the options
/// that the SDK's own modules are compiled with.
///
/// SwiftPM adds the sysroot (`-sdk`, `--sysroot`) and the search paths; the options name folders only
/// relative to those (`-iwithsysroot`, `-l:`), so that the bundle can lie anywhere.
struct AppSDKToolset {
    private let triple = Processor.arm64.triple
    private let gnuFolder = Processor.arm64.gnuFolder

    /// `CLinux/EmbeddedRuntime.c`, which says what it is for.
    static let runtimeObject = "EmbeddedRuntime.o"

    func runtimeOptions(source: String, object: String) -> [String] {
        [
            "--target=\(gnuFolder)", "-ffreestanding", "-Os", "-fPIC", "-ffunction-sections",
            "-DAMOS_EMBEDDED_SWIFT", "-c", source, "-o", object,
        ]
    }

    /// The stock toolchain has an Embedded standard library for a bare machine; the C side makes it Linux.
    private var swiftOptions: [String] {
        [
            "-enable-experimental-feature", "Embedded", "-wmo", "-Xfrontend", "-function-sections",
            // Otherwise every object file carries a hash that paths go into.
            "-Xfrontend", "-disable-incremental-llvm-codegen",
        ]
    }

    /// Without `__linux__` the C library looks absent to the Swift runtime (`malloc_size` becomes a stub).
    private var cOptions: [String] {
        [
            "-D__linux__", "-D_GNU_SOURCE", "-fPIC", "-ffunction-sections",
            "-iwithsysroot", "/usr/include/\(gnuFolder)", "-iwithsysroot", "/usr/include",
        ]
    }

    private var linkerOptions: [String] {
        [
            "--target=\(gnuFolder)", "-fuse-ld=lld", "-pie",
            "-Wl,-z,relro,-z,now,--gc-sections,-s,--build-id=none",
            // SwiftPM names the folder of modules to the linker, too.
            "-lAmos",
            // An object, not part of a library: that would give way to the weak functions of the program.
            "-l:\(Self.runtimeObject)",
            // What `lowercased()` and dictionaries of strings need; in the toolchain, taken only if needed.
            "-l:embedded/\(triple)/libswiftUnicodeDataTables.a",
        ]
    }

    var toolsetJSON: String {
        let swift = swiftOptions + linkerOptions.flatMap { ["-Xclang-linker", $0] }
        // SwiftPM hands the C options to the Swift compiler as well.
        return Self.json([
            "schemaVersion": "1.0",
            "swiftCompiler": ["extraCLIOptions": swift],
            "cCompiler": ["extraCLIOptions": cOptions],
        ])
    }

    var sdkJSON: String {
        Self.json([
            "schemaVersion": "4.0",
            "targetTriples": [
                triple: [
                    "sdkRootPath": "sysroot", "toolsetPaths": ["toolset.json"],
                    "includeSearchPaths": ["modules"], "librarySearchPaths": ["modules"],
                ]
            ],
        ])
    }

    func bundleJSON(version: String) -> String {
        Self.json([
            "schemaVersion": "1.0",
            "artifacts": [
                AppSDK.name: [
                    "type": "swiftSDK", "version": version, "variants": [["path": AppSDK.name]],
                ]
            ],
        ])
    }

    /// For the SDK's own modules, which SwiftPM does not build.
    func moduleOptions(sysroot: String, sources: String) -> [String] {
        swiftOptions + (["--sysroot", sysroot] + cOptions).flatMap { ["-Xcc", $0] } + [
            "-target", triple, "-sdk", sysroot, "-swift-version", "6", "-Osize", "-parse-as-library",
            "-warnings-as-errors", "-file-prefix-map", "\(sources)=/amos", "-file-compilation-dir", "/amos",
            // Paths of this machine are nobody's business.
            "-Xfrontend", "-no-serialize-debugging-options", "-avoid-emit-module-source-info",
        ]
    }

    private static func json(_ object: [String: Any]) -> String {
        // Literals of strings, lists and maps are always JSON.
        let data = try? JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data ?? Data(), as: UTF8.self) + "\n"
    }
}
