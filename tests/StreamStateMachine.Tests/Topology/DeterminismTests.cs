using System.Globalization;
using System.Security.Cryptography;

namespace RaftStream.StreamStateMachine.Tests.Topology;

/// <summary>What is refused in code that runs on every replica, and what is not.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class DeterminismTests
{
    private static int _shared;

    private int _field;

    /// <summary>The problems of a function in a map behind a table, so on the replicas.</summary>
    private static IReadOnlyList<string> Problems(Func<long, long> map)
    {
        try
        {
            Build(counts => counts.ToStream().Map(change => change.Value, "values").Map(map, "suspect").ToSubscription("out"));
            return [];
        }
        catch (TopologyException refused)
        {
            return refused.Problems;
        }
    }

    private static void Build(Action<Table<string, long>> behind)
    {
        var builder = new StreamBuilder("job");
        behind(builder.Ingest("in").KeyBy(static word => word).Count("counts"));
        builder.Build();
    }

    private static IEnumerable<TestCaseData> Forbidden()
    {
        yield return Case("DateTime.Now", static n => n + DateTime.Now.Ticks);
        yield return Case("DateTime.UtcNow", static n => n + DateTime.UtcNow.Ticks);
        yield return Case("DateTime.Today", static n => n + DateTime.Today.Ticks);
        yield return Case("DateTimeOffset.Now", static n => n + DateTimeOffset.Now.Ticks);
        yield return Case("DateTimeOffset.UtcNow", static n => n + DateTimeOffset.UtcNow.Ticks);
        yield return Case("TimeProvider.GetTimestamp", static n => n + TimeProvider.System.GetTimestamp());
        yield return Case("Stopwatch.GetTimestamp", static n => n + System.Diagnostics.Stopwatch.GetTimestamp());
        yield return Case("Environment.TickCount64", static n => n + Environment.TickCount64);
        yield return Case("Environment.MachineName", static n => n + Environment.MachineName.Length);
        yield return Case("Guid.NewGuid", static n => n + Guid.NewGuid().ToByteArray()[0]);
        yield return Case("Guid.CreateVersion7", static n => n + Guid.CreateVersion7().ToByteArray()[0]);
        yield return Case("Random.Next", static n => n + Random.Shared.Next());
        yield return Case("RandomNumberGenerator.GetInt32", static n => n + RandomNumberGenerator.GetInt32(5));
        yield return Case("Thread.GetCurrentProcessorId", static n => n + Thread.GetCurrentProcessorId());
        yield return Case("Task.Run", static n => Task.Run(() => n).Id);
        yield return Case("Parallel.For", static n => Parallel.For(0, 1, static _ => { }).IsCompleted ? n : 0);
        yield return Case("ParallelEnumerable.AsParallel", static n => new[] { n }.AsParallel().Sum());
        yield return Case("File.Exists", static n => File.Exists("x") ? n : 0);
        yield return Case("Directory.Exists", static n => Directory.Exists("x") ? n : 0);
        yield return Case("new HttpClient", static n => new HttpClient().MaxResponseContentBufferSize + n);
        yield return Case("Dns.GetHostName", static n => System.Net.Dns.GetHostName().Length + n);
        yield return Case("Console.WriteLine", static n =>
        {
            Console.WriteLine(n);
            return n;
        });
        yield return Case("Object.GetHashCode", static n => n.ToString(CultureInfo.InvariantCulture).GetHashCode(StringComparison.Ordinal) + new object().GetHashCode());
        yield return Case("String.GetHashCode", static n => "x".GetHashCode(StringComparison.Ordinal) + n);
        yield return Case("HashCode.Combine", static n => HashCode.Combine(n));
        yield return Case("CultureInfo.CurrentCulture", static n => n + CultureInfo.CurrentCulture.LCID);
        yield return Case("TimeZoneInfo.Local", static n => n + TimeZoneInfo.Local.BaseUtcOffset.Ticks);
        yield return Case("the static field DeterminismTests._shared", static n => n + ++_shared);
    }

    private static TestCaseData Case(string call, Func<long, long> map) => new TestCaseData(call, map).SetArgDisplayNames(call);

    [TestCaseSource(nameof(Forbidden))]
    public void It_is_found(string call, Func<long, long> map) =>
        Assert.That(Problems(map), Has.Some.Contains($" {call}").And.Some.StartsWith("'suspect' runs on every replica and "));

    [Test]
    public void It_is_found_in_a_method_that_is_named() => Assert.That(Problems(Deep), Has.Some.Contains("calls Guid.NewGuid"));

    [Test]
    public void It_is_found_in_a_local_function()
    {
        static long Local(long n) => n + Environment.ProcessId;
        Assert.That(Problems(Local), Has.Some.Contains("calls Environment.ProcessId"));
    }

    [Test]
    public void It_is_found_in_methods_that_are_called() => Assert.That(Problems(static n => Deep(n) + 1), Has.Some.Contains("calls Guid.NewGuid"));

    [Test]
    public void It_is_found_in_a_function_within_the_function() => Assert.That(Problems(static n => new[] { n }.Sum(static one => one + Random.Shared.Next())), Has.Some.Contains("calls Random.Next"));

    [Test]
    public void It_is_found_in_an_iterator() => Assert.That(Problems(static n => Iterate(n).Sum()), Has.Some.Contains("calls DateTime.UtcNow"));

    [Test]
    public void It_is_found_in_a_function_that_was_captured()
    {
        Func<long, long> inner = static n => n + Random.Shared.Next();
        Assert.That(Problems(n => inner(n) + 1), Has.Some.Contains("calls Random.Next"));
    }

    [Test]
    public void It_is_found_in_the_functions_of_aggregations_joins_and_sinks()
    {
        Assert.That(() => Build(static counts => counts.ToKeyedStream().Sum("sums", static n => n + Random.Shared.Next())), Throws.InstanceOf<TopologyException>().With.Message.Contains("'sums' runs"));
        Assert.That(
            () => Build(static counts => counts.ToKeyedStream().JoinTable("join", counts, static (key, _) => key, static (_, n, _) => n + Random.Shared.Next())),
            Throws.InstanceOf<TopologyException>().With.Message.Contains("'join' runs"));
        Assert.That(() => Build(static counts => counts.ToStream().ToSubscription("out", format: static _ => Guid.NewGuid().ToString())), Throws.InstanceOf<TopologyException>().With.Message.Contains("'out' runs"));
    }

    [Test]
    public void A_process_function_that_keeps_something_in_a_field_is_refused() =>
        Assert.That(
            () => Build(static counts => counts.ToKeyedStream().Process("remember", static () => new Remembering()).ToStream().ToSubscription("out")),
            Throws.InstanceOf<TopologyException>().With.Message.Contains("'remember' runs on every replica and writes the field Remembering._last").And.Message.Contains("the field Remembering._timers"));

    [Test]
    public void A_captured_variable_that_is_written_is_refused()
    {
        var count = 0L;
        Assert.That(Problems(n => n + ++count), Is.EqualTo(new[] { "'suspect' runs on every replica and writes the captured variable 'count', which keeps something outside of its state: keep it in an aggregation, or in a state that a process function declares." }));
    }

    [Test]
    public void A_field_of_the_declaring_object_that_is_written_is_refused() => Assert.That(Problems(n => n + ++_field), Has.Some.Contains("writes the field DeterminismTests._field"));

    [Test]
    public void Captured_constants_are_read_freely()
    {
        var (by, names) = (3L, new[] { "x", "y" });
        Assert.That(Problems(n => (n * by) + names.Length), Is.Empty);
    }

    [Test]
    public void Variables_of_its_own_are_written_freely() =>
        Assert.That(
            Problems(static n =>
            {
                var sum = 0L;
                foreach (var one in new[] { n, 2, 3 }.Where(one => one > sum))
                    sum += one;
                void Add(long more) => sum += more;
                Add(n);
                return new[] { 1L, 2L }.Sum(one => one + sum);
            }),
            Is.Empty);

    [Test]
    public void Ordinary_code_is_let_through() =>
        Assert.That(
            Problems(static n =>
            {
                var row = new Row(n, string.Create(CultureInfo.InvariantCulture, $"{n:F2}")) with { Number = n + 1 };
                var seen = new Dictionary<string, long>(StringComparer.Ordinal) { [row.Text] = row.Number };
                using var stream = new MemoryStream();
                stream.WriteByte((byte)seen.Count);
                return Words("a b c").Count() + stream.Length + DateTime.UnixEpoch.AddMilliseconds(n).Year + TimeSpan.FromTicks(n).Minutes;
            }),
            Is.Empty);

    [Test]
    public void In_front_of_state_everything_is_allowed()
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in").Map(static word => word + Guid.NewGuid()).KeyBy(static word => word).Count("counts");
        Assert.That(builder.Build().Name, Is.EqualTo("job"));
    }

    [Test]
    public void Peek_may_look_outside() =>
        Assert.That(() => Build(static counts => counts.ToStream().Peek(static change => Console.WriteLine(change)).ToSubscription("out")), Throws.Nothing);

    [Test]
    public void The_functions_of_the_library_pass() =>
        Assert.That(
            () => Build(static counts =>
            {
                var keyed = counts.ToKeyedStream();
                keyed.Sum("sum", static n => n);
                keyed.Average("mean", static n => n);
                keyed.Min("min", static n => n);
                keyed.Max("max", static n => n);
                keyed.Reduce("reduce", static (left, right) => left + right);
                keyed.Aggregate("distinct", Aggregations.CountDistinct<long>(static n => n.ToString(CultureInfo.InvariantCulture)));
                keyed.Window(Window.Session(TimeSpan.FromSeconds(1))).Count("sessions");
                keyed.Distinct().RangeSum("range", 10, static n => (int)n, static n => n);
                counts.Top("top", 3, static n => n).ToStream().WithCodec(new KeyedCodec<int, (string First, long Second)>(KeyCodecs.Int32, Codecs.Pair(Codecs.Text, Codecs.Int64))).ToSubscription("out");
            }),
            Throws.Nothing);

    private static long Deep(long n) => Deeper(n) + 1;

    private static long Deeper(long n) => n + Guid.NewGuid().ToByteArray()[0];

    private static IEnumerable<long> Iterate(long n)
    {
        yield return n;
        yield return DateTime.UtcNow.Ticks;
    }

    private static IEnumerable<string> Words(string text)
    {
        foreach (var word in text.Split(' '))
            yield return word;
    }

    private sealed record Row(long Number, string Text);

    private sealed class Remembering : ProcessFunction<string, long, string>
    {
        private long _last;
        private long _timers;

        public override void Process(long value, ProcessContext<string, string> context)
        {
            context.Emit(_last.ToString(CultureInfo.InvariantCulture));
            _last = value;
        }

        public override void OnTimer(ProcessContext<string, string> context) => _timers++;
    }
}
