import DebianBase
import DeviceSpec
import Foundation
import HostSystem

/// The programs of ours that run on the handset: where each goes in the image and what it is linked against.
public struct HandsetProgram: Sendable, Equatable {
    public let name: String
    /// In the system partition; nil: it goes into the initramfs as `/init`.
    public let imagePath: String?
    let library: HandsetToolset.CLibrary
    /// Modules of `Sources/Handset` that it is made of besides what all programs stand on.
    var modules: [String] = []
    /// The service's program without which nobody needs it, its own path perhaps; nil: all devices have it.
    var service: String?

    func isWanted(by device: Device) -> Bool {
        guard let service else { return true }
        return device.services.contains { $0.definition.program == "/" + service }
    }

    private static let packageService = "usr/libexec/amos/amos-pkgd"
    private static let fetchService = "usr/libexec/amos/amos-fetchd"
    private static let bridge = "usr/libexec/amos/amos-bridged"

    public static let all = [
        HandsetProgram(
            name: "amos-bridged", imagePath: bridge, library: .glibc, modules: ["CLibcrypto", "Crypto"],
            service: bridge),
        HandsetProgram(name: "amos-clockd", imagePath: "usr/libexec/amos/amos-clockd", library: .glibc),
        HandsetProgram(name: "amos-crash", imagePath: "usr/libexec/amos/amos-crash", library: .glibc),
        HandsetProgram(
            name: "amos-fetchd", imagePath: fetchService, library: .glibc,
            modules: ["CLibcrypto", "CLibwebsockets", "Crypto", "Web"], service: fetchService),
        HandsetProgram(name: "amos-init", imagePath: "usr/sbin/amos-init", library: .musl),
        HandsetProgram(
            name: "amos-launch", imagePath: "usr/libexec/amos/amos-launch", library: .glibc,
            modules: ["CLibcrypto", "Crypto", "PackageSignatures"], service: packageService),
        HandsetProgram(name: "amos-logd", imagePath: "usr/libexec/amos/amos-logd", library: .glibc),
        HandsetProgram(name: "amos-netconf", imagePath: "usr/libexec/amos/amos-netconf", library: .glibc),
        HandsetProgram(
            name: "amos-pkgd", imagePath: packageService, library: .glibc,
            modules: ["CLibcrypto", "Crypto", "PackageSignatures"], service: packageService),
        HandsetProgram(name: "amos-stage1", imagePath: nil, library: .musl),
        HandsetProgram(name: "amosctl", imagePath: "usr/bin/amosctl", library: .glibc),
    ]
}

/// Builds the handset programs with SwiftPM and keeps each under the hash of what it was built from, so that
/// SwiftPM is asked only when its answer could differ.
struct HandsetCompiler {
    let home: AmosHome
    let toolchain: Toolchain
    let sysroot: Sysroot
    var processor = Processor.arm64
    /// `…/handset` in the cache.
    let cache: String

    enum Failure: Error, CustomStringConvertible {
        case compile(program: String, message: String)
        case changedMeanwhile(program: String)

        var description: String {
            switch self {
            case .changedMeanwhile(let program):
                "the sources of \(program) changed while it was compiled; build again"
            case .compile(let program, let message):
                "building \(program) failed:\n\(message)"
            }
        }
    }

    /// Everything a program's bytes depend on. Its own folder and what all programs stand on; the other
    /// daemons' folders do not count, so a change in one rebuilds one.
    func inputs(of program: HandsetProgram, fingerprints: FingerprintTable) throws -> BuildGraph.Inputs {
        var inputs = BuildGraph.Inputs()
        inputs.add("toolchain", toolchain.version)
        inputs.add("sysroot packages", sysroot.key)
        let toolset = "\(processor.rawValue) \(program.library.rawValue) \(HandsetToolset.revision)"
        inputs.add("toolset", toolset)
        let modules = program.modules.map { "Sources/Handset/\($0)" }
        let common = ["Sources/Shared", "Sources/Handset/CLinux", "Sources/Handset/LinuxSystem"]
        for folder in common + modules {
            for file in try FingerprintTable.filesBelow(["\(home.path)/\(folder)"]) {
                inputs.add(String(file.dropFirst(home.path.count + 1)), try fingerprints.digest(of: file))
            }
        }
        for file in try FingerprintTable.filesBelow(["\(home.path)/Sources/Handset/\(program.name)"]) {
            inputs.add(String(file.dropFirst(home.path.count + 1)), try fingerprints.digest(of: file))
        }
        inputs.add("Package.swift", try fingerprints.digest(of: "\(home.path)/Package.swift"))
        return inputs
    }

    func output(of program: HandsetProgram, key: SHA256Digest) -> String {
        "\(cache)/\(program.name)-\(key.description.prefix(32))"
    }

    /// Compiles one program and moves it to its place in the cache.
    func build(_ program: HandsetProgram, key: SHA256Digest, fingerprints: FingerprintTable) throws {
        let work = "\(cache)/build/\(SHA256Digest.of(home.path.utf8).description.prefix(16))"
        let scratch = "\(work)/\(processor.rawValue)-\(program.library.rawValue)"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        let package = try linkPackage(in: work)
        // SwiftPM locks its scratch folder by itself; the toolset is written atomically.
        let toolset = HandsetToolset(
            processor: processor, library: program.library, sysroot: sysroot, toolchain: toolchain,
            sources: package, linkerScriptFile: scratch + ".ld")
        try HandsetToolset.linkerScript.write(
            toFile: toolset.linkerScriptFile, atomically: true, encoding: .utf8)
        let toolsetFile = scratch + ".json"
        try toolset.json.write(toFile: toolsetFile, atomically: true, encoding: .utf8)
        let swift = try Tool("swift", package: "swift (from swift.org)")
        let arguments =
            [
                "build", "-c", "release", "--package-path", package, "--scratch-path", scratch,
                "--triple", processor.triple, "--toolset", toolsetFile, "--product", program.name,
            ] + toolset.buildOptions
        let result = try swift.run(
            arguments,
            environment: ProcessInfo.processInfo.environment.merging(["AMOS_BUILD": "handset"]) { $1 })
        guard result.status == 0 else {
            let lines = (result.text + result.errorText).split(separator: "\n").filter {
                !$0.hasPrefix("[") && !$0.hasPrefix("Building")
            }
            let message = lines.suffix(40).joined(separator: "\n").replacing(
                package + "/", with: home.path + "/")
            throw Failure.compile(program: program.name, message: message)
        }
        let built = "\(scratch)/\(processor.triple)/release/\(program.name)"
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: built)))
        // Or every later build of the older sources would get this program.
        guard try inputs(of: program, fingerprints: fingerprints).digest == key else {
            throw Failure.changedMeanwhile(program: program.name)
        }
        try OutputFile.write(bytes, to: self.output(of: program, key: key), permissions: 0o755)
    }

    /// A package folder that holds nothing but links to the project's manifest and sources. In the project's
    /// own folder SwiftPM would find the host's Package.resolved, fetch what stands in it and, because
    /// handset programs need none of it, remove the file.
    private func linkPackage(in work: String) throws(SystemError) -> String {
        let package = work + "/package"
        guard mkdir(package, 0o755) == 0 || errno == EEXIST else { throw SystemError("create", package) }
        for name in ["Package.swift", "Sources"] {
            let link = "\(package)/\(name)"
            guard symlink("\(home.path)/\(name)", link) == 0 || errno == EEXIST else {
                throw SystemError("create", link)
            }
        }
        return package
    }
}
