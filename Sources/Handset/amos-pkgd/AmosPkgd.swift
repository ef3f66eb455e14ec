import LinuxSystem
import Packages
import Wire

/// The package service: the installed set, and the only program that changes it.
///
///     amos-pkgd [--directory DIR] [--run DIR] [--data DIR] [--policy FILE] [--developer-mode FILE]
///         [--repositories DIR] [--listen]
///     amos-pkgd … [--dry-run] --worker OPERATION [WORD…]   started by itself, asks the repositories
///                                                          (RepositoryWorker)
///
///     /usr/share/amos/package.policy   what the device file says (InstallPolicy)
///     /data/amos/developer-mode        is there while developer mode is on; counts if the policy offers it
///     /data/amos/packages/
///       generations/N       the newest is the installed set: ids, keys, digests (Generation)
///       manifests/DIGEST    what stands before the payload in a package: manifest and signatures
///       payloads/DIGEST     an EROFS file under fs-verity, named by what the kernel measures
///       incoming/           what is being written; nothing in it survives a start
///       repositories/NAME/  what is trusted of a repository (RepositoryFiles)
///     /data/amos/apps/
///       ID/N                an app's own data, entered by its user alone; N is named by its set
///
/// PID 1 passes the socket (LISTEN_FDS); `--listen` makes one in the run directory instead.
///
/// It must never put a package into the set whose signature, owner and measured payload were not checked, or
/// that is not on the disk as a whole; run, unpack or mount anything of a package; write outside its folder;
/// take a change from anybody but root; keep a payload in memory; or wait for a client while others ask.
/// It may be killed at any instruction: the set is then the old or the new one.
@main
enum AmosPkgd {
    static func main() {
        var options = Options()
        guard options.parse(ProcessArguments.read()) else {
            Output.say("<3>amos-pkgd: wrong arguments; they stand at the top of AmosPkgd.swift")
            ChildProcess.exit(2)
        }
        if let wish = options.wish {
            RepositoryWorker.run(wish, options)
            ChildProcess.exit(0)
        }
        do throws(SystemCallError) {
            // A client that leaves before its answer.
            ChildProcess.ignoreBrokenPipes()
            let service = try PackageService<KernelSealer>(options)
            try service.run()
        } catch {
            Output.say("<3>amos-pkgd: " + error.description)
            ChildProcess.exit(1)
        }
        ChildProcess.exit(0)
    }
}

struct Options {
    var directory = "/data/amos/packages"
    var dataDirectory = "/data/amos/apps"
    var runDirectory = "/run/amos"
    /// What the device's image says of its repositories.
    var repositories = "/etc/amos/repositories"
    var listens = false
    var policyFile = "/usr/share/amos/package.policy"
    var developerModeFile = "/data/amos/developer-mode"
    /// Of the worker: the operation and its words, and whether it only says what would change.
    var wish: RepositoryWish?
    var isDry = false
    /// What the worker is started from.
    var program = Program.ownPath

    mutating func parse(_ arguments: [String]) -> Bool {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if UTF8Text.equal(name, "--listen") {
                listens = true
                continue
            }
            if UTF8Text.equal(name, "--dry-run") {
                isDry = true
                continue
            }
            guard let value = rest.popFirst() else { return false }
            if UTF8Text.equal(name, "--worker") {
                wish = RepositoryWish(value, Array(rest))
                return wish != nil
            }
            if UTF8Text.equal(name, "--directory") {
                directory = value
            } else if UTF8Text.equal(name, "--repositories") {
                repositories = value
            } else if UTF8Text.equal(name, "--run") {
                runDirectory = value
            } else if UTF8Text.equal(name, "--data") {
                dataDirectory = value
            } else if UTF8Text.equal(name, "--policy") {
                policyFile = value
            } else if UTF8Text.equal(name, "--developer-mode") {
                developerModeFile = value
            } else {
                return false
            }
        }
        return true
    }

    /// What the image says; without that, nothing comes in from outside.
    func policy() -> InstallPolicy {
        var problem = ""
        do throws(SystemCallError) {
            let bytes = try FileDescriptor.open(policyFile).readToEnd(limit: InstallPolicy.byteLimit + 1)
            do throws(PackageError) {
                return try InstallPolicy(decoding: bytes)
            } catch { problem = error.description }
        } catch { problem = error.description }
        Output.say("<4>nothing comes in from outside: " + problem)
        return InstallPolicy(sideload: .denied, architecture: .any)
    }
}
