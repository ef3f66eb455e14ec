@main
enum AmosStage1 {
    static func main() {}
}
