import Foundation
import HostSystem

/// One run of apt's own downloader (`apt-helper download-file`), with the machine's proxies and apt's
/// resuming.
///
/// It is given address and SHA-256 of each package, so neither package lists nor their signatures are needed:
/// the lock vouches for the bytes.
struct Download {
    let mirror: Mirror
    let store: PackageStore
    /// Held by the child as well: if amos is killed, the next one waits until the orphan has ended.
    let lock: Int32

    private static let helper = "/usr/lib/apt/apt-helper"
    /// How often progress is reported.
    private static let pollMicroseconds: UInt32 = 50_000

    func run(_ packages: [LockedPackage], progress: (FetchProgress) -> Void) throws(DebianError) {
        var pending: [LockedPackage] = []
        for package in packages where try !promote(package) { pending.append(package) }
        if pending.isEmpty { return }
        guard access(Self.helper, X_OK) == 0 else {
            throw .tool(.missing(program: "apt-helper", package: "apt"))
        }
        let log = "\(store.cache.path)/packages/partial/log"
        var arguments = ["-q"]
        // A mirror on this machine is not behind the proxy.
        for option in [
            "APT::Sandbox::User=root", "Acquire::Retries=2", "Acquire::http::Proxy::127.0.0.1=DIRECT",
            "Acquire::http::Proxy::localhost=DIRECT",
        ] {
            arguments += ["-o", option]
        }
        arguments.append("download-file")
        for package in pending {
            arguments += [address(package), partialPath(package), "SHA256:\(package.sha256)"]
        }
        let status = try wait(for: try start(arguments, log: log), pending, progress)
        var failed: [LockedPackage] = []
        for package in pending where try !promote(package) { failed.append(package) }
        if !failed.isEmpty { throw Self.explain(failed, status: status, log: log) }
    }

    private func partialPath(_ package: LockedPackage) -> String {
        "\(store.cache.path)/packages/partial/\(package.sha256).deb"
    }

    /// `file:` addresses are handed out by apt as links; `copy:` is the same with a copy.
    private func address(_ package: LockedPackage) -> String {
        let address = mirror.address + package.path
        return address.hasPrefix("file:") ? "copy:" + address.dropFirst("file:".count) : address
    }

    /// Moves a finished download to its place. What is not whole stays for apt to continue; what cannot
    /// become whole is removed.
    private func promote(_ package: LockedPackage) throws(DebianError) -> Bool {
        let partial = partialPath(package)
        guard let size = fileSize(partial) else {
            unlink(partial)
            return false
        }
        if size < package.size { return false }
        let isWhole = try wrapping { () throws(SystemError) in
            size == package.size ? try MappedFile(partial).digest() == package.sha256 : false
        }
        guard isWhole else {
            unlink(partial)
            return false
        }
        guard rename(partial, store.debPath(package)) == 0 else {
            throw .system(SystemError("rename to", store.debPath(package)))
        }
        // apt gives it the mirror's time; `gc` wants to know when it came here.
        utimes(store.debPath(package), nil)
        return true
    }

    /// Starts apt-helper in this process group, so that Ctrl-C ends both.
    private func start(_ arguments: [String], log: String) throws(DebianError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Onto itself: the descriptor stays open in the child (posix_spawn clears close-on-exec then).
        posix_spawn_file_actions_adddup2(&actions, lock, lock)
        var words: [UnsafeMutablePointer<CChar>?] = ([Self.helper] + arguments).map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] =
            aptEnvironment().map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + environment { free(word) } }
        var process = pid_t()
        let code = posix_spawn(&process, Self.helper, &actions, nil, &words, &environment)
        guard code == 0 else { throw .system(SystemError("start", Self.helper, code: code)) }
        return process
    }

    /// Waits for the child, reporting progress. A mirror that sends more than the lock says is cut off.
    private func wait(
        for process: pid_t, _ packages: [LockedPackage], _ progress: (FetchProgress) -> Void
    ) throws(DebianError) -> Int32 {
        let total = packages.reduce(0) { $0 + $1.size }
        var status: Int32 = 0
        while true {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process || (ended < 0 && errno != EINTR) { break }
            var done: UInt64 = 0
            for package in packages {
                let size = fileSize(partialPath(package)) ?? 0
                if size > package.size {
                    kill(process, SIGTERM)
                    waitpid(process, &status, 0)
                    unlink(partialPath(package))
                    throw .corrupted(package: package.name)
                }
                done += size
            }
            progress(FetchProgress(packageCount: packages.count, bytesDone: done, bytesTotal: total))
            usleep(Self.pollMicroseconds)
        }
        return status
    }

    /// What apt said about the packages that did not arrive.
    private static func explain(_ failed: [LockedPackage], status: Int32, log: String) -> DebianError {
        let lines = textFile(log).split(separator: "\n").filter { $0.hasPrefix("E: ") }.map {
            String($0.dropFirst(3))
        }
        let vanished = failed.filter { package in
            lines.contains { line in
                line.contains(package.path) && (line.contains("404") || line.contains("No such file"))
            }
        }
        if !vanished.isEmpty { return .vanished(packages: vanished.map { "\($0.name) \($0.version)" }) }
        let damaged = failed.first { package in
            lines.contains { $0.contains(package.path) && $0.contains("Hash Sum mismatch") }
        }
        if let damaged { return .corrupted(package: damaged.name) }
        let how = status & 0x7f == 0 ? "status \(status >> 8)" : "signal \(status & 0x7f)"
        return .downloadFailed(message: lines.first ?? "apt-helper ended with \(how)")
    }
}
