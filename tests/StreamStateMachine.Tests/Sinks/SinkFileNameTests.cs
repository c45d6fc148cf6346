namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>How files are called.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SinkFileNameTests
{
    [TestCase("words", "counts.csv", 1, "words-counts-000001.csv")]
    [TestCase("words", "counts", 12, "words-counts-000012")]
    [TestCase("my-job_2", "a.b.json", 1_234_567, "my-job_2-a.b-1234567.json")]
    [TestCase("..", "/etc/passwd", 1, "%2E.-%2Fetc%2Fpasswd-000001")]
    [TestCase("Zug fährt", "x.c v", 1, "Zug%20f%C3%A4hrt-x.c%20v-000001")]
    [TestCase("100%", ".hidden", 1, "100%25-%2Ehidden-000001")]
    public void Names_are_of_a_safe_alphabet(string job, string sink, long generation, string expected) =>
        Assert.That(new SinkFileName(job, sink).Of(generation), Is.EqualTo(expected));

    [Test]
    public void The_longest_names_fit_into_a_file_system_and_stay_apart()
    {
        var job = new string('漢', StoreLimits.MaxNameChars);
        var one = new SinkFileName(job, new string('x', 183) + "1." + new string('e', 15)).Of(long.MaxValue);
        var other = new SinkFileName(job, new string('x', 183) + "2." + new string('e', 15)).Of(long.MaxValue);
        Assert.That(one, Has.Length.LessThanOrEqualTo(249));
        Assert.That(one, Is.Not.EqualTo(other));
    }
}
