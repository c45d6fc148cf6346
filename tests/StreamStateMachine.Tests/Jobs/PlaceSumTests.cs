using System.Buffers;
using System.Globalization;
using RaftStream.StreamStateMachine.Tests.Semantics;

namespace RaftStream.StreamStateMachine.Tests.Jobs;

/// <summary>Sums over places, as they are asked for by the name that they were declared with. A record is "key:place=value@time".</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class PlaceSumTests
{
    private static JobHarness Job(int places)
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in", Hand.Time()).KeyBy(Hand.KeyOf).RangeSum("sums", places, Place, Value).ToStream().ToSubscription("out", format: static sum => FormattableString.Invariant($"{sum.Key} {sum.Value}"));
        return new(builder.Build());
    }

    private static int Place(string record) => int.Parse(Hand.ValueOf(record).Split('=')[0], CultureInfo.InvariantCulture);

    private static long Value(string record) => long.Parse(Hand.ValueOf(record).Split('=')[1], CultureInfo.InvariantCulture);

    private static (Int128 Sum, string? Problem) Ask(JobHarness job, string key, int from, int to, string name = "sums")
    {
        var (query, bytes, reply) = (new ArrayBufferWriter<byte>(), new KeyBuffer(), new ArrayBufferWriter<byte>());
        KeyCodecs.Text.Write(bytes, key);
        JobQuery.WriteSum(query, job.Job.Name, name, bytes.Span, from, to);
        job.Machine.Query(query.WrittenSpan, reply);
        JobRows.TryReadSum(reply.WrittenSpan, out var problem, out var sum);
        return (sum, problem);
    }

    [Test]
    public void EachRangeOfPlacesHasTheSumOfItsValues()
    {
        const int places = 13;
        var (job, values, random) = (Job(places), new long[places], new Random(7));
        for (var turn = 0; turn < 60; turn++)
        {
            var (place, value) = (random.Next(places), random.Next(-50, 50));
            values[place] += value;
            job.Push(FormattableString.Invariant($"a:{place}={value}@1"), FormattableString.Invariant($"ab:{place}=1000@1"));
        }

        for (var from = 0; from < places; from++)
        {
            for (var to = 0; to < places; to++)
                Assert.That(Ask(job, "a", from, to), Is.EqualTo(((Int128)values.Skip(from).Take(Math.Max(0, to - from + 1)).Sum(), (string?)null)), $"places {from} to {to}");
        }

        Assert.That(Ask(job, "nobody", 0, places - 1).Sum, Is.EqualTo(Int128.Zero));
    }

    [Test]
    public void WhatIsNoPlaceOrNoSumIsDeclined()
    {
        var job = Job(4);
        job.Push("a:0=1@1");
        Assert.That(Ask(job, "a", 0, 4).Problem, Is.Not.Null);
        Assert.That(Ask(job, "a", -1, 3).Problem, Is.Not.Null);
        Assert.That(Ask(job, "a", 0, 3, "others").Problem, Is.EqualTo(JobProblems.Sentence(JobProblem.NotFound)));
    }

    [Test]
    public void ASumThatLeaves64BitsMakesItsRecordADeadLetter()
    {
        // With three places no entry holds all of them, so that none is too large.
        var job = Job(3);
        job.Push(FormattableString.Invariant($"a:0={long.MaxValue}@1"), "a:2=1@2", "a:1=-5@3");
        Assert.That(job.Letters().Select(static letter => letter.Reason), Is.EqualTo(new[] { "The sum of key 'a' up to place 2 is 9223372036854775808, which is more than 64 bits hold." }));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a 9223372036854775807", "a 9223372036854775802" }));
        Assert.That(Ask(job, "a", 2, 2).Sum, Is.EqualTo(Int128.Zero), "nothing of the letter's record is left");
    }
}
