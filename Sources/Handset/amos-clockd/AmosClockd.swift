@main
enum AmosClockd {
    static func main() {}
}
