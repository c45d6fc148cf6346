using System.Text.RegularExpressions;

namespace RaftStream.Raft.Tests.Tidy;

/// <summary>
/// Dependencies point one way: Core, then Log, Wire and Machine, then Runtime, StreamStateMachine and Node; Runtime, then Testing and
/// Lab.
/// </summary>
internal sealed class DependencyTests
{
    [TestCase("src/Raft/Core", "Wire|Runtime")]
    [TestCase("src/Raft/Log", "Wire|Runtime")]
    [TestCase("src/Raft/Wire", "Runtime")]
    [TestCase("src/Raft/Io", "Core|Log|Wire|Runtime")]
    [TestCase("src/Raft/Machine", "Core|Log|Wire|Runtime")]
    public void A_part_of_the_raft_library_uses_no_part_above_it(string folder, string above) => Assert.That(
        from path in SourceTree.Code(folder)
        from line in SourceTree.Lines(path)
        let code = SourceTree.CodeOf(line)
        where Regex.IsMatch(code, $@"\bRaftStream\.Raft\.({above})\b|(?<![\w.])({above})\.[A-Z]")
        where !(folder == "src/Raft/Log" && code.Contains("using RaftStream.Raft.Core", StringComparison.Ordinal))
        select $"{path}: {line.Trim()}",
        Is.Empty);

    /// <summary>These folders share the namespace of the public types, so their types' names are looked for one by one.</summary>
    [TestCase("src/Raft/Core", "src/Raft/Io", "Instant")]
    [TestCase("src/Raft/Core", "src/Raft/Machine", "")]
    [TestCase("src/Raft/Core", "src/Raft/Runtime", "")]
    [TestCase("src/Raft/Core", "src/Raft/Log", "LogRecord")]
    [TestCase("src/Raft/Log", "src/Raft/Runtime", "")]
    [TestCase("src/Raft/Wire", "src/Raft/Runtime", "")]
    [TestCase("src/Raft/Machine", "src/Raft/Runtime", "")]
    [TestCase("src/Raft/Io", "src/Raft/Runtime", "")]
    public void A_folder_names_no_type_of_a_folder_it_must_not_know(string folder, string unknown, string allowed)
    {
        var types = TypesIn(unknown).Where(type => type != allowed && !TypesIn(folder).Contains(type)).ToArray();
        Assert.That(types, Is.Not.Empty);
        var names = new Regex($@"(?<![\w.])({string.Join('|', types)})\b(?!\s*[=(;,]|\s=>)");
        Assert.That(
            from path in SourceTree.Code(folder)
            from line in SourceTree.Lines(path)
            where names.IsMatch(SourceTree.CodeOf(line))
            select $"{path}: {line.Trim()}",
            Is.Empty);
    }

    [Test]
    public void The_core_knows_of_records_only_how_large_a_payload_may_be() => Assert.That(
        from path in SourceTree.Code("src/Raft/Core")
        from line in SourceTree.Lines(path)
        from Match match in Regex.Matches(SourceTree.CodeOf(line), @"\bLogRecord\b(\.\w+)?")
        where match.Value != "LogRecord.MaxPayload"
        select $"{path}: {line.Trim()}",
        Is.Empty);

    [TestCase("src/Raft/RaftStream.Raft.csproj", "")]
    [TestCase("src/StreamStateMachine/RaftStream.StreamStateMachine.csproj", "RaftStream.Raft")]
    [TestCase("src/Hosting/RaftStream.Hosting.csproj", "RaftStream.Raft RaftStream.StreamStateMachine")]
    [TestCase("src/Node/RaftStream.Node.csproj", "RaftStream.Raft RaftStream.StreamStateMachine RaftStream.Hosting")]
    [TestCase("src/Testing/RaftStream.Testing.csproj", "RaftStream.Raft RaftStream.StreamStateMachine")]
    [TestCase("tools/Lab/RaftStream.Lab.csproj", "RaftStream.Raft RaftStream.StreamStateMachine RaftStream.Node RaftStream.Testing")]
    public void A_project_refers_only_to_those_below_it(string project, string below) => Assert.That(
        Regex.Matches(SourceTree.Text(project), @"ProjectReference Include=""[^""]*?([\w.]+)\.csproj""").Select(static match => match.Groups[1].Value),
        Is.SubsetOf(below.Split(' ')));

    private static HashSet<string> TypesIn(string folder) => (
        from path in SourceTree.Code(folder)
        from line in SourceTree.Lines(path)
        let match = Regex.Match(line, @"^(?:public|internal) (?:\w+ )*(?:class|record struct|record|struct|interface|enum) (\w+)")
        where match.Success
        select match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
}
