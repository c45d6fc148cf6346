using RaftStream.StreamStateMachine.Tests.Jobs;
using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>How long states of process functions live. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class TimeToLiveCases
{
    private static string Last(JobHarness job) => job.Outputs("out")[^1];

    [Test]
    public void A_value_is_there_until_its_time_is_over_and_not_from_then_on()
    {
        var job = Process(static () => new Keeping());
        job.Push("a:set1@1");
        job.LogTime += 999_999_999;
        job.Push("a:get@2");
        Assert.That(Last(job), Is.EqualTo("1"));
        job.LogTime += 1;
        job.Push("a:get@3");
        Assert.That(Last(job), Is.EqualTo("none"));
    }

    [Test]
    public void A_value_is_not_read_once_its_time_is_over_even_before_it_is_cleaned_up()
    {
        // A command applies its records before the timers of the log time that it brings, but nothing is cleaned up before them either.
        var job = Process(static () => new Keeping());
        job.Push("a:set1@1");
        job.LogTime += 1_500_000_000;
        job.Push("a:get@2");
        Assert.That(Last(job), Is.EqualTo("none"));
    }

    [Test]
    public void Writing_begins_the_time_anew()
    {
        var job = Process(static () => new Keeping());
        job.Push("a:set1@1");
        job.Tick(Ms(600));
        job.Push("a:set2@2");
        job.Tick(Ms(600));
        job.Push("a:get@3");
        Assert.That(Last(job), Is.EqualTo("2"));
        job.Tick(Ms(400));
        job.Push("a:get@4");
        Assert.That(Last(job), Is.EqualTo("none"));
    }

    [Test]
    public void Reading_does_not_begin_the_time_anew()
    {
        var job = Process(static () => new Keeping());
        job.Push("a:set1@1");
        job.Tick(Ms(600));
        job.Push("a:get@2");
        job.Tick(Ms(600));
        job.Push("a:get@3");
        Assert.That(Last(job), Is.EqualTo("none"));
    }

    [Test]
    public void Event_time_plays_no_part()
    {
        var job = Process(static () => new Keeping());
        job.Push("a:set1@1");
        job.Push("a:get@1000000000");
        Assert.That(Last(job), Is.EqualTo("1"));
    }

    [Test]
    public void A_value_whose_time_is_over_is_removed_without_being_asked_for()
    {
        var job = Process(static () => new Keeping());
        job.Push("b:get@1");
        var before = job.Instance.Tree.Count;
        job.Push("a:set1@1");
        Assert.That(job.Instance.Tree.Count, Is.EqualTo(before + 2), "the value and its timer");
        job.Tick(TimeSpan.FromSeconds(1));
        Assert.That(job.Instance.Tree.Count, Is.EqualTo(before));
    }

    [Test]
    public void Each_item_of_a_list_lives_by_itself()
    {
        var job = Process(static () => new Keeping());
        job.Push("a:add1@1");
        job.Tick(Ms(600));
        job.Push("a:add2@2", "a:list@2");
        Assert.That(Last(job), Is.EqualTo("12"));
        job.Tick(Ms(400));
        job.Push("a:list@3");
        Assert.That(Last(job), Is.EqualTo("2"));
    }

    [Test]
    public void Each_entry_of_a_map_lives_by_itself()
    {
        var job = Process(static () => new Keeping());
        job.Push("a:put1@1");
        job.Tick(Ms(600));
        job.Push("a:put2@2", "a:map@2");
        Assert.That(Last(job), Is.EqualTo("12"));
        job.Tick(Ms(400));
        job.Push("a:map@3");
        Assert.That(Last(job), Is.EqualTo("2"));
    }

    [Test]
    public void Each_key_has_a_state_of_its_own()
    {
        var job = Process(static () => new Keeping());
        job.Push("a:set1@1", "b:get@2");
        Assert.That(Last(job), Is.EqualTo("none"));
    }

    /// <summary>A value, a list and a map that live for a second of log time, changed and told as the records say.</summary>
    private sealed class Keeping : ProcessFunction<string, string, string>
    {
        private readonly ValueState<string> _value;
        private readonly ListState<string> _list;
        private readonly MapState<string, string> _map;

        public Keeping()
        {
            var second = TimeSpan.FromSeconds(1);
            (_value, _list, _map) = (DeclareValue<string>("value", timeToLive: second), DeclareList<string>("list", timeToLive: second), DeclareMap<string, string>("map", timeToLive: second));
        }

        public override void Process(string value, ProcessContext<string, string> context)
        {
            var what = ValueOf(value);
            switch (what[..3])
            {
                case "set":
                    _value.Set(what[3..]);
                    break;
                case "get":
                    context.Emit(_value.TryGet(out var kept) ? kept : "none");
                    break;
                case "add":
                    _list.Add(what[3..]);
                    break;
                case "lis":
                    context.Emit(string.Concat(_list.ToList()));
                    break;
                case "put":
                    _map.Set(what[3..], what[3..]);
                    break;
                default:
                    context.Emit(string.Concat(_map.ToList().Select(static entry => entry.Value)));
                    break;
            }
        }
    }
}
