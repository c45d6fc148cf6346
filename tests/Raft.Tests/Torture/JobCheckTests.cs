using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>
/// The checks of the stream jobs, each on what a right system told: they pass it, and each finds the fault that it is for when one thing in it is changed. The system is the jobs themselves on a machine in memory.
/// </summary>
internal sealed class JobCheckTests
{
    private readonly TemporaryFolder _folder = new();
    private LoadResult _load = null!;
    private string _data = "";

    [OneTimeSetUp]
    public async Task LoadAsync()
    {
        _data = Path.Combine(_folder.Path, "data");
        using var disk = FileDisk.OpenFolder(Path.Combine(_data, JobFilesCheck.FolderName));
        var options = new LoadOptions { Seed = 3, Clients = 8, Rate = 500_000, MaxOperations = 2_000, JobPace = TimeSpan.Zero, Folder = _folder.Path, Workloads = [WindowsJob.Name, TimersJob.Name, JoinsJob.Name, FilesJob.Name] };
        var pool = new ClientPool(new FakeSystem { SinkFiles = disk }, new FakeDriver(), options, new());
        await pool.RunAsync(CancellationToken.None);
        _load = await pool.FinishAsync(CancellationToken.None);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void What_a_right_system_told_passes_every_check_and_is_valid()
    {
        var checks = _load.Jobs.SelectMany(Run).ToArray();
        Assert.That(checks.Where(static check => check.Verdict != Verdict.Linearizable), Is.Empty);
        Assert.That(checks.Select(static check => (check.Workload, check.Checker)), Is.SupersetOf(new[]
        {
            (WindowsJob.Name, TakenCheck.Checker), (WindowsJob.Name, JobReadsCheck.Checker), (WindowsJob.Name, JobOutputsCheck.Checker), (WindowsJob.Name, SubscriptionCheck.Checker), (WindowsJob.Name, JobFilesCheck.Checker),
            (TimersJob.Name, LogTimersCheck.Checker), (JoinsJob.Name, JobOutputsCheck.Checker), (FilesJob.Name, JobFilesCheck.Checker),
        }));
        Assert.That(RunValidity.Lacks([], _load), Is.Empty);
    }

    [Test]
    public void A_record_that_was_lost_is_seen() => Expect(TakenCheck.Checker, "sequence|not taken", WithTaken(WindowsJob.Name, static taken => Without(taken, 5)));

    [Test]
    public void A_record_that_counts_twice_is_seen() => Expect(TakenCheck.Checker, "counts twice|not taken", WithTaken(WindowsJob.Name, static taken => [.. taken[..6], .. taken[5..]]));

    [Test]
    public void A_record_that_nobody_sent_is_seen() => Expect(TakenCheck.Checker, "nobody sent", WithTaken(FilesJob.Name, static taken => [.. taken, "nonsense"]));

    [Test]
    public void A_batch_that_was_taken_in_part_is_seen()
    {
        var batch = Of(FilesJob.Name).Batches.First(static batch => batch.Records.Count > 2);
        Expect(TakenCheck.Checker, "sent at once", WithTaken(FilesJob.Name, taken => Without(taken, taken.ToList().IndexOf(batch.Records[1].ToString()))));
    }

    [Test]
    public void An_acknowledged_batch_that_was_not_taken_is_seen()
    {
        var last = JobOrder.Of(Of(JoinsJob.Name), List(Of(JoinsJob.Name), Taken(JoinsJob.Name))).Batches[^1].Records.Count;
        Expect(TakenCheck.Checker, "Lost", WithTaken(JoinsJob.Name, taken => taken[..^last]));
    }

    [Test]
    public void A_batch_that_was_told_as_new_twice_is_seen()
    {
        var account = Of(WindowsJob.Name);
        var batch = account.Batches[0];
        Expect(TakenCheck.Checker, "new", account with { Batches = [batch with { New = batch.Records.Count + 1 }, .. account.Batches.Skip(1)] });
    }

    [Test]
    public void A_record_that_was_set_aside_is_seen()
    {
        var account = Of(WindowsJob.Name);
        Expect(TakenCheck.Checker, "set aside", account with { Stands = account.Stands! with { DeadLetters = 1 } });
    }

    [TestCase(WindowsJob.Name, 7)]
    [TestCase(WindowsJob.Name, 10)]
    [TestCase(WindowsJob.Name, 11)]
    [TestCase(TimersJob.Name, TimersJob.Outputs)]
    [TestCase(JoinsJob.Name, JoinsJob.Pairs)]
    [TestCase(JoinsJob.Name, 12)]
    public void An_output_that_is_missing_doubled_or_other_is_seen(string job, int sink)
    {
        var name = JobSpec.NameOf(sink);
        Expect(JobOutputsCheck.Checker, name, WithOutputs(job, name, static told => Without(told, told.Count / 2)));
        Expect(JobOutputsCheck.Checker, name, WithOutputs(job, name, static told => told[..^1]));
        Expect(JobOutputsCheck.Checker, name, WithOutputs(job, name, static told => [.. told[..3], .. told[2..]]));
        Expect(JobOutputsCheck.Checker, name, WithOutputs(job, name, static told => [.. told[..^1], told[^1] + "1"]));
    }

    [Test]
    public void A_row_that_is_missing_or_other_is_seen()
    {
        var account = Of(WindowsJob.Name);
        var (table, rows) = account.Tables.First(static table => table.Value.Count > 3);
        Expect(JobOutputsCheck.Checker, "lacks the row", With([.. rows.Skip(1)]));
        Expect(JobOutputsCheck.Checker, "must not be there", With([rows[0] + "0", .. rows.Skip(1)]));

        JobAccount With(IReadOnlyList<string> changed) => account with { Tables = new Dictionary<int, IReadOnlyList<string>>(account.Tables) { [table] = changed } };
    }

    [Test]
    public void A_late_record_that_was_not_counted_is_seen()
    {
        var account = Of(JoinsJob.Name);
        var (op, late) = account.Stands!.Late.First(static late => late.Value > 0);
        Expect(JobOutputsCheck.Checker, "too late", account with { Stands = account.Stands with { Late = new Dictionary<string, long>(account.Stands.Late, StringComparer.Ordinal) { [op] = late - 1 } } });
    }

    [Test]
    public void A_gap_a_repetition_and_another_text_in_a_subscription_are_seen()
    {
        Expect(SubscriptionCheck.Checker, "what lies between is missing", WithStretch(static told => [.. told.Take(1), .. told.Skip(2)]));
        Expect(SubscriptionCheck.Checker, "told again", WithStretch(static told => [told[0], .. told]));
        Expect(SubscriptionCheck.Checker, "and others", WithStretch(static told => [told[0] with { Text = "x" }, .. told.Skip(1)]));
        Expect(SubscriptionCheck.Checker, "no node has it at last|and others", WithStretch(static told => [.. told, .. Enumerable.Range(1, 100_000).Select(more => new JobOutput(told[^1].Sequence + more, "x"))], isLast: true));
    }

    [Test]
    public void A_node_that_has_an_output_otherwise_than_others_is_seen()
    {
        var account = Of(TimersJob.Name);
        var place = account.Lists.ToList().FindIndex(static list => list is { Node: 2, Sink: TimersJob.LogTimers });
        var list = account.Lists[place];
        Expect(SubscriptionCheck.Checker, "Node 2 at last", account with { Lists = [.. account.Lists.Take(place), list with { Told = [list.Told[0] with { Text = "set|0|0|0" }, .. list.Told.Skip(1)] }, .. account.Lists.Skip(place + 1)] });
    }

    [TestCase("fired twice", "repeat")]
    [TestCase("never fired", "forget")]
    [TestCase("too early", "early")]
    [TestCase("none was set", "unset")]
    [TestCase("went back", "back")]
    [TestCase("set no timer", "none")]
    public void A_timer_that_fires_twice_never_or_too_early_is_seen(string expected, string what) => Expect(LogTimersCheck.Checker, expected, WithOutputs(TimersJob.Name, TimersJob.LogTimers, told =>
    {
        var place = told.FindIndex(static text => text.StartsWith("fired", StringComparison.Ordinal));
        var news = LogTimerNews.Read(told[place])!.Value;
        var set = told.FindIndex(text => text.StartsWith($"set|{news.Number}|", StringComparison.Ordinal));
        return what switch
        {
            "repeat" => [.. told[..place], told[place], .. told[place..]],
            "forget" => [.. told[..place], .. told[(place + 1)..]],
            "early" => [.. told.Select(text => LogTimerNews.Read(text) is { } one && one.Number == news.Number ? (one with { Asked = news.At + 1 }).ToString() : text)],
            "unset" => [.. told[..set], .. told[(set + 1)..]],
            "back" => [.. told[..^1], (LogTimerNews.Read(told[^1])!.Value with { At = 0 }).ToString()],
            _ => [.. told.Where(text => !text.Contains($"|{news.Number}|", StringComparison.Ordinal))],
        };
    }));

    [Test]
    public void Counts_that_are_too_low_too_high_or_go_back_are_seen()
    {
        var account = Of(FilesJob.Name);
        var reads = _load.Operations.Where(static operation => operation is { Call.Key: "files/all", Answer.Kind: AnswerKind.Ok }).OrderBy(static read => read.Answer.Index).ToArray();
        var last = reads.Last(static read => read.Call.Level is null);
        Assert.That(Look(last, last.Answer.Result!.Value.Number).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Look(last, 0).Detail, Does.Contain("had been acknowledged"));
        Assert.That(Look(last, 10_000_000).Detail, Does.Contain("had been sent"));
        var eventual = reads.Last(static read => read.Call.Level == "eventual");
        Assert.That(Look(eventual, 0).Detail, Does.Contain("place").And.Contain("of the log"));

        RunCheck Look(RunOperation read, long told) =>
            JobReadsCheck.Check(account, [.. _load.Operations.Select(operation => ReferenceEquals(operation, read) ? operation with { Answer = operation.Answer with { Result = told, AgeMs = null } } : operation)]);
    }

    [Test]
    public void A_file_that_is_other_shorter_missing_or_too_many_is_seen()
    {
        var folder = Path.Combine(_data, JobFilesCheck.FolderName);
        var path = Directory.EnumerateFiles(folder, "files-*").Order(StringComparer.Ordinal).First();
        var bytes = File.ReadAllBytes(path);
        var evaluation = new JobEvaluation(Of(FilesJob.Name).Job, JobOrder.Of(Of(FilesJob.Name), List(Of(FilesJob.Name), Taken(FilesJob.Name))).Batches);
        Assert.That(Look().Verdict, Is.EqualTo(Verdict.Linearizable));
        File.WriteAllBytes(path, [.. bytes[..^5], (byte)(bytes[^5] ^ 1), .. bytes[^4..]]);
        Assert.That(Look().Detail, Does.Contain($"differ from byte {bytes.Length - 5}"));
        File.WriteAllBytes(path, bytes[..^1]);
        Assert.That(Look().Detail, Does.Contain($"has {bytes.Length - 1} bytes and must have {bytes.Length}"));
        File.Delete(path);
        Assert.That(Look().Detail, Does.Contain("lacks the file"));
        File.WriteAllBytes(path, bytes);
        File.WriteAllBytes(Path.Combine(folder, "files-op4-000999"), bytes);
        Assert.That(Look().Detail, Does.Contain("must not be there"));
        File.Delete(Path.Combine(folder, "files-op4-000999"));
        Assert.That(Look().Verdict, Is.EqualTo(Verdict.Linearizable));

        RunCheck Look() => JobFilesCheck.Check(evaluation, new Dictionary<int, string> { [1] = _data });
    }

    [Test]
    public void What_was_not_told_in_time_is_undecided()
    {
        var account = Of(TimersJob.Name) with { Lists = [], Stands = null, Tables = new Dictionary<int, IReadOnlyList<string>>() };
        Assert.That(Run(account).Select(static check => (check.Checker, check.Verdict)), Is.EquivalentTo(new[] { (TakenCheck.Checker, Verdict.Undecided), (LogTimersCheck.Checker, Verdict.Undecided), (JobReadsCheck.Checker, Verdict.Linearizable) }));
        var open = Of(WindowsJob.Name);
        var batch = open.Batches[^1];
        Assert.That(Run(open with { Batches = [.. open.Batches.SkipLast(1), batch with { Acknowledged = null }] }).Single(static check => check.Checker == TakenCheck.Checker).Verdict, Is.EqualTo(Verdict.Undecided));
    }

    [Test]
    public void A_run_in_which_too_little_happened_is_not_valid()
    {
        foreach (var account in _load.Jobs)
        {
            var idle = account with { Batches = [], Lists = [], Stands = account.Stands! with { Next = new Dictionary<string, long>(StringComparer.Ordinal), Late = new Dictionary<string, long>(StringComparer.Ordinal) } };
            Assert.That(RunValidity.Lacks([], _load with { Jobs = [idle] }), Has.All.Contain($"The workload {account.Job.Name} saw 0").And.Not.Empty);
        }
    }

    private static IReadOnlyList<JobOutput> List(JobAccount account, string sink) => account.Lists.First(list => list.Sink == sink).Told;

    private static string Taken(string job) => JobSpec.NameOf(TortureJobs.Of(job)!.Taken);

    private static List<string> Without(List<string> texts, int place) => [.. texts[..place], .. texts[(place + 1)..]];

    private JobAccount Of(string job) => _load.Jobs.First(account => account.Job.Name == job);

    private JobAccount WithTaken(string job, Func<List<string>, List<string>> change) => WithOutputs(job, Taken(job), change);

    // The same on all nodes, with sequences that fit, and the job's own account fits, too.
    private JobAccount WithOutputs(string job, string sink, Func<List<string>, List<string>> change)
    {
        var account = Of(job);
        var changed = change([.. List(account, sink).Select(static output => output.Text)]).Select(static (text, place) => new JobOutput(place + 1, text)).ToArray();
        return account with
        {
            Lists = [.. account.Lists.Select(list => list.Sink == sink ? list with { Told = changed } : list)],
            Stands = account.Stands! with { Next = new Dictionary<string, long>(account.Stands.Next, StringComparer.Ordinal) { [sink] = changed.Length + 1 } },
        };
    }

    private JobAccount WithStretch(Func<IReadOnlyList<JobOutput>, IReadOnlyList<JobOutput>> change, bool isLast = false)
    {
        var account = Of(WindowsJob.Name);
        var subscriber = account.Subscribers.First(static one => one.Stretches.Any(static stretch => stretch.Told.Count > 3));
        var stretches = subscriber.Stretches.ToList();
        var place = isLast ? stretches.FindLastIndex(static stretch => stretch.Told.Count > 0) : stretches.FindIndex(static stretch => stretch.Told.Count > 3);
        stretches[place] = stretches[place] with { Told = change(stretches[place].Told) };
        return account with { Subscribers = [.. account.Subscribers.Select(one => ReferenceEquals(one, subscriber) ? one with { Stretches = stretches } : one)] };
    }

    private JudgeOptions Options() => new() { Folder = _folder.Path, DataFolders = new Dictionary<int, string> { [1] = _data } };

    private RunCheck[] Run(JobAccount account) => JobJudge.Run(account, _load.Operations, _load, Options());

    private void Expect(string checker, string sentence, JobAccount account)
    {
        var found = Run(account).Single(check => check.Checker == checker);
        Assert.That(found.Verdict, Is.EqualTo(Verdict.Illegal), found.Detail);
        Assert.That(found.Detail, Does.Match(sentence));
    }
}
