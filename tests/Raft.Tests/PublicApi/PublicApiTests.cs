using System.Reflection;
using System.Runtime.CompilerServices;
using RaftStream.Client;
using RaftStream.StreamStateMachine;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.PublicApi;

/// <summary>
/// What users of the libraries can name, kept as text so that no change of it goes unnoticed. With RAFTSTREAM_REWRITE=1 the texts in the
/// source tree are rewritten: read the difference before committing it.
/// </summary>
internal sealed class PublicApiTests
{
    private static readonly Assembly[] Libraries = [typeof(RaftNode).Assembly, typeof(CountingStore).Assembly, typeof(RaftStreamClient).Assembly, typeof(Simulation).Assembly];

    public static IEnumerable<string> Names() => Libraries.Select(static library => library.GetName().Name!);

    [TestCaseSource(nameof(Names))]
    public void The_public_surface_is_what_its_text_says(string library)
    {
        var path = Path.Combine(Folder(), library + ".txt");
        var actual = PublicApiText.Of(Libraries.Single(assembly => assembly.GetName().Name == library));
        if (Environment.GetEnvironmentVariable("RAFTSTREAM_REWRITE") == "1")
            File.WriteAllText(path, actual);
        else
            Assert.That(actual.Split('\n'), Is.EqualTo(File.ReadAllText(path).Split('\n')), "RAFTSTREAM_REWRITE=1 rewrites the text.");
    }

    private static string Folder([CallerFilePath] string source = "") => Path.GetDirectoryName(source)!;
}
