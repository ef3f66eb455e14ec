import DebianBase
import DeviceSpec
import Foundation
import HostSystem

/// Everything around a build that must not show in its result.
struct BuildConditions {
    /// How far the second build's clock is ahead: more than a year, so that every part of a date differs.
    static let days = 400

    /// What changes the conditions of a process from outside.
    struct Tools {
        let shell: Tool
        let clock: Tool
        let processors: Tool

        init() throws {
            shell = try Tool("sh", package: "dash")
            clock = try Tool("faketime", package: "faketime")
            processors = try Tool("taskset", package: "util-linux")
        }
    }

    var request: ImageBuilder.Request
    var deviceFile: String
    var home: String
    var output: String
    var cache: String
    var workingFolder: String
    var locale: String
    var timeZone: String
    var umask: String
    /// The only processor it may use; nil: all.
    var processor: Int?
    var clockDays: Int

    static func ordinary(
        _ request: ImageBuilder.Request, device: Device, home: AmosHome, output: String, cache: CacheFolder
    ) -> BuildConditions {
        BuildConditions(
            request: request, deviceFile: device.file, home: home.path, output: output, cache: cache.path,
            workingFolder: FileManager.default.currentDirectoryPath, locale: "C", timeZone: "UTC",
            umask: "022", processor: nil, clockDays: 0)
    }

    /// Copies what the build reads to `folder` and changes all else.
    static func different(
        _ request: ImageBuilder.Request, device: Device, home: AmosHome, folder: String, cache: CacheFolder
    ) throws -> BuildConditions {
        let copies = try SourceCopies(device: device, home: home, cache: cache, folder: folder)
        return BuildConditions(
            request: request, deviceFile: copies.deviceFile, home: copies.home, output: folder + "/images",
            cache: copies.cache, workingFolder: copies.workingFolder, locale: "tr_TR.UTF-8",
            timeZone: "Pacific/Chatham", umask: "077", processor: firstProcessor(), clockDays: days)
    }

    var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["AMOS_HOME"] = home
        environment["AMOS_CACHE"] = cache
        environment["LC_ALL"] = locale
        environment["LANG"] = locale
        environment["TZ"] = timeZone
        if clockDays != 0 {
            // Build tools compare the times of files with each other; only "now" is shifted. Threads that
            // wait for a point of the monotonic clock would never wake.
            environment["NO_FAKE_STAT"] = "1"
            environment["DONT_FAKE_MONOTONIC"] = "1"
            environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
        }
        return environment
    }

    func command(_ tools: Tools) throws -> (program: Tool, arguments: [String]) {
        let amos = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var command = ["-c", "umask \(umask) && exec \"$@\"", "sh"]
        if let processor { command += [tools.processors.path, "-c", "\(processor)"] }
        if clockDays != 0 { command += [tools.clock.path, "-f", "+\(clockDays)d"] }
        command += [
            amos, "build", deviceFile, "--variant", request.variant.rawValue, "--output", output,
            "--programs", output + "-programs",
        ]
        if let mirror = request.mirror { command += ["--mirror", mirror] }
        if request.isRelease { command.append("--release") }
        return (tools.shell, command)
    }

    /// For the report.
    static func variations(
        _ first: BuildConditions, _ second: BuildConditions
    ) -> [BuildVerifier.Variation] {
        let all = ProcessInfo.processInfo.activeProcessorCount
        return [
            .init(what: "project", first: first.home, second: second.home),
            .init(what: "device file", first: first.deviceFile, second: second.deviceFile),
            .init(what: "output", first: first.output, second: second.output),
            .init(what: "packages", first: first.cache, second: second.cache + " (unpacked again)"),
            .init(what: "programs", first: "compiled afresh", second: "compiled afresh"),
            .init(what: "clock", first: "now", second: "\(days) days ahead"),
            .init(what: "locale", first: first.locale, second: second.locale),
            .init(what: "time zone", first: first.timeZone, second: second.timeZone),
            .init(what: "processors", first: "\(all)", second: second.processor == nil ? "\(all)" : "1"),
            .init(what: "umask", first: first.umask, second: second.umask),
        ]
    }

    /// The lowest one this process may use (`/proc/self/status`: a list such as `0-3,8`).
    private static func firstProcessor() -> Int? {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        return line.flatMap { Int($0.split(separator: ":")[1].drop { !$0.isNumber }.prefix { $0.isNumber }) }
    }
}

/// What a build reads, somewhere else. Copies are made under umask 077 and get new times: a clone on another
/// machine has neither the same permissions nor the same times.
private struct SourceCopies {
    let home: String
    let deviceFile: String
    let workingFolder: String
    let cache: String

    /// What of the project a build reads; the rest is the program that runs.
    private static let projectFiles = ["Package.swift", "Sources/Shared", "Sources/Handset", "rootfs"]

    init(device: Device, home: AmosHome, cache: CacheFolder, folder: String) throws {
        let copied = folder + "/project"
        self.home = copied
        self.cache = folder + "/cache"
        for file in Self.projectFiles {
            try Self.copy("\(home.path)/\(file)", to: "\(copied)/\(file)")
        }
        // An OEM's files keep their places relative to each other, below one folder.
        let own = folder + "/device"
        let lock = DeviceLock.file(beside: device.file)
        let inputs = Set(device.inputs + [device.file, lock]).filter { !$0.hasPrefix(home.path + "/") }
        for input in inputs.sorted() { try Self.copy(input, to: own + input) }
        func place(_ path: String) -> String {
            path.hasPrefix(home.path + "/") ? copied + path.dropFirst(home.path.count) : own + path
        }
        deviceFile = place(device.file)
        workingFolder = place(FileManager.default.currentDirectoryPath + "/.")
        try FileManager.default.createDirectory(atPath: workingFolder, withIntermediateDirectories: true)
        try Self.link(cache.path + "/packages", into: self.cache + "/packages")
    }

    private static func copy(_ source: String, to target: String) throws {
        let parent = URL(fileURLWithPath: target).deletingLastPathComponent().path
        // An input may lie below another one that is there already.
        if access(target, F_OK) == 0 { return }
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try Tool("sh", package: "dash").check([
            "-c", "umask 077 && exec cp -r -- \"$1\" \"$2\"", "sh", source, target,
        ])
    }

    /// Whole downloads do not change: links are enough.
    private static func link(_ source: String, into target: String) throws {
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: source) where name.hasSuffix(".deb") {
            let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
            if Foundation.link(from, to) != 0 { try FileManager.default.copyItem(atPath: from, toPath: to) }
        }
    }
}
