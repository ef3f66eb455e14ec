import LinuxSystem
import Packages
import Wire

/// The package service: the installed set, and the only program that changes it.
///
///     amos-pkgd [--directory DIR] [--run DIR] [--sideload denied|allowed] [--reserve ID]… [--listen]
///               [--repositories DIR]
///     amos-pkgd … --worker OPERATION [PACKAGE…]   started by itself, asks the network (RepositoryWorker)
///
///     /data/amos/packages/
///       generations/N       the newest is the installed set: ids, keys, digests (Generation)
///       manifests/DIGEST    what stands before the payload in a package: manifest and signatures
///       payloads/DIGEST     an EROFS file under fs-verity, named by what the kernel measures
///       incoming/           what is being written; nothing in it survives a start
///       repositories/NAME/  what is trusted of a repository (RepositoryFiles)
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
    var runDirectory = "/run/amos"
    /// What the device's image says of its repositories.
    var repositories = "/etc/amos/repositories"
    var listens = false
    /// Of the worker: the operation and its packages.
    var wish: RepositoryWish?
    /// What the worker is started from.
    var program = Program.ownPath
    /// Nothing from outside unless somebody said so.
    var policy = InstallPolicy(sideload: .denied, architecture: Options.architecture)

    private static var architecture: PackageManifest.Architecture {
        #if arch(x86_64)
            .x86_64
        #else
            .arm64
        #endif
    }

    mutating func parse(_ arguments: [String]) -> Bool {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if UTF8Text.equal(name, "--listen") {
                listens = true
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
            } else if UTF8Text.equal(name, "--reserve"), let id = PackageID(value) {
                policy.reserved.append(id)
            } else if UTF8Text.equal(name, "--sideload"), UTF8Text.equal(value, "allowed") {
                policy.sideload = .allowed
            } else if UTF8Text.equal(name, "--sideload"), UTF8Text.equal(value, "denied") {
                policy.sideload = .denied
            } else {
                return false
            }
        }
        return true
    }
}
