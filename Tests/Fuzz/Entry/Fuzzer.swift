import FuzzTargets
import Glibc

/// What libFuzzer calls; `AMOS_FUZZ_TARGET` names the target.
private let target: FuzzTarget = {
    let name = getenv("AMOS_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        fatalError("AMOS_FUZZ_TARGET is '\(name)': one of \(FuzzTarget.allCases.map(\.rawValue))")
    }
    return target
}()

/// Writes the target's seeds into the folder that `AMOS_FUZZ_SEEDS` names, and lets libFuzzer go on.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>
) -> CInt {
    guard let folder = getenv("AMOS_FUZZ_SEEDS").map({ String(cString: $0) }) else { return 0 }
    for (index, seed) in target.seeds.enumerated() {
        let file = open("\(folder)/seed-\(index)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        write(file, seed, seed.count)
        close(file)
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
