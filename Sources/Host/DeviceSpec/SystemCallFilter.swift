import CSeccomp
import Foundation

/// Lists of system calls as the classic BPF program that seccomp(2) takes, for any architecture.
struct SystemCallFilter {
    /// Whose system call numbers the filter holds.
    enum Architecture: Sendable {
        case arm64, x86_64

        /// Of the machine that this runs on.
        static var native: Architecture {
            #if arch(x86_64)
                .x86_64
            #else
                .arm64
            #endif
        }

        fileprivate var token: UInt32 {
            switch self {
            case .arm64: amos_seccomp_arch_arm64
            case .x86_64: amos_seccomp_arch_x86_64
            }
        }
    }

    /// What a call that is not allowed does.
    enum Refusal: String, Sendable, CaseIterable {
        /// It fails with EPERM: most programs get by, or say what they lack.
        case error
        /// The whole process ends with SIGSYS.
        case kill
    }

    struct Failure: Error, CustomStringConvertible {
        let step: String
        let number: Int32
        var description: String {
            "libseccomp could not \(step): \(String(cString: strerror(-number)))"
        }
    }

    let architecture: Architecture

    /// Whether Linux has a call of this name on any architecture.
    static func isKnown(_ call: String) -> Bool {
        seccomp_syscall_resolve_name(call) != amos_seccomp_unknown
    }

    /// Instructions of eight bytes, `struct sock_filter`. The same names give the same bytes.
    /// - Parameter names: system calls and groups; `@base` is always added.
    func compile(allow names: [String], otherwise refusal: Refusal) throws(Failure) -> [UInt8] {
        let action = refusal == .kill ? amos_seccomp_kill_process : amos_seccomp_errno(UInt16(EPERM))
        guard let context = seccomp_init(action) else { throw Failure(step: "begin", number: -ENOMEM) }
        defer { seccomp_release(context) }
        try check("choose the architecture", selectArchitecture(context))
        // A program of another architecture knows other numbers: it is no mistake but an attack.
        try check(
            "set the action for others",
            seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, amos_seccomp_kill_process))
        // A binary tree instead of a list: ten comparisons for a call, not two hundred.
        try check("order the calls", seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2))
        for call in SystemCallGroups.calls(of: names + [SystemCallGroups.base.name]).sorted() {
            // What this architecture lacks has a number below 0 and is skipped by the library.
            try check("allow \(call)", add(call, to: context))
        }
        return try export(context)
    }

    /// Only one: a filter for several would be larger and let more through.
    private func selectArchitecture(_ context: scmp_filter_ctx) -> Int32 {
        let native = seccomp_arch_native()
        if architecture.token == native { return 0 }
        let added = seccomp_arch_add(context, architecture.token)
        return added == 0 ? seccomp_arch_remove(context, native) : added
    }

    private func add(_ call: String, to context: scmp_filter_ctx) -> Int32 {
        let number = seccomp_syscall_resolve_name(call)
        guard number != amos_seccomp_unknown else { return -ENOSYS }
        return amos_seccomp_add(context, amos_seccomp_allow, number)
    }

    /// The library writes to a descriptor only.
    private func export(_ context: scmp_filter_ctx) throws(Failure) -> [UInt8] {
        guard let file = tmpfile() else { throw Failure(step: "write the filter", number: -errno) }
        defer { fclose(file) }
        try check("write the filter", seccomp_export_bpf(context, fileno(file)))
        let size = lseek(fileno(file), 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: max(0, size))
        let count = pread(fileno(file), &bytes, bytes.count, 0)
        guard count == bytes.count else { throw Failure(step: "read the filter back", number: -EIO) }
        return bytes
    }

    private func check(_ step: String, _ result: Int32) throws(Failure) {
        if result < 0 { throw Failure(step: step, number: result) }
    }
}
