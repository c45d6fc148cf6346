using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RaftStream.Hosting.Http;

namespace RaftStream.Hosting;

/// <summary>One kind of read: how it is asked here, how of another node, and what its answers are.</summary>
/// <param name="Target">Path and query as over HTTP, without the level.</param>
/// <param name="Local">Asks this node's replica.</param>
/// <param name="EndOf">How an answer of it ended.</param>
/// <param name="Read">Makes the answer of what another node says.</param>
/// <param name="Declined">An answer that was served and has nothing but the store's problem in it.</param>
/// <param name="None">An answer with nothing in it.</param>
internal sealed record LeaseRead<T>(
    string Target,
    Func<CancellationToken, ValueTask<T>> Local,
    Func<T, (Outcome Outcome, Refusal Refusal)> EndOf,
    Func<ForwardAnswer, AnswerSource, T> Read,
    Func<string, AnswerSource, T> Declined,
    Func<Outcome, Refusal, T> None);

/// <summary>The reads of <see cref="ICountingStore"/> as lease reads.</summary>
internal static class LeaseRead
{
    /// <summary>One counter.</summary>
    public static LeaseRead<CounterAnswer> Get(CountingService counters, string key) => new(
        $"/v1/counters/{RawPath.Encode(key)}?",
        token => counters.GetAsync(key, ReadConsistency.Lease, token),
        static answer => (answer.Outcome, answer.Refusal),
        static (answer, source) =>
        {
            var json = From(answer, NodeJson.Default.CounterJson);
            return new(Outcome.Applied, Refusal.None, At(json.Index, json.Term), json.Value, json.Exists, Matched: true, Problem: null) { Source = source };
        },
        static (problem, source) => new(Outcome.Applied, Refusal.None, default, 0, Exists: false, Matched: false, problem) { Source = source },
        static (outcome, refusal) => new(outcome, refusal, default, 0, Exists: false, Matched: false, Problem: null));

    /// <summary>Several counters.</summary>
    public static LeaseRead<ValuesAnswer> GetMany(CountingService counters, IReadOnlyCollection<string> keys) => new(
        $"/v1/counters?{string.Concat(keys.Select(static key => $"key={RawPath.Encode(key)}&"))}",
        token => counters.GetManyAsync(keys, ReadConsistency.Lease, token),
        static answer => (answer.Outcome, answer.Refusal),
        static (answer, source) =>
        {
            var json = From(answer, NodeJson.Default.CountersJson);
            return new(Outcome.Applied, Refusal.None, At(json.Index, json.Term), [.. json.Counters.Select(static row => new CounterValue(row.Key, row.Exists ? row.Value : null))]) { Source = source };
        },
        static (problem, source) => new(Outcome.Applied, Refusal.None, default, []) { Problem = problem, Source = source },
        static (outcome, refusal) => new(outcome, refusal, default, []));

    /// <summary>A top list.</summary>
    public static LeaseRead<TopAnswer> Top(CountingService counters, int limit) => new(
        string.Create(CultureInfo.InvariantCulture, $"/v1/top?limit={limit}&"),
        token => counters.TopAsync(limit, ReadConsistency.Lease, token),
        static answer => (answer.Outcome, answer.Refusal),
        static (answer, source) =>
        {
            var json = From(answer, NodeJson.Default.TopJson);
            return new(Outcome.Applied, Refusal.None, At(json.Index, json.Term), [.. json.Top.Select(static row => new CounterRow(row.Word, row.Count))], json.Total, json.Distinct) { Source = source };
        },
        static (problem, _) => throw NeverDeclined(problem),
        static (outcome, refusal) => new(outcome, refusal, default, [], 0, 0));

    /// <summary>A sum over a range.</summary>
    public static LeaseRead<RangeSumAnswer> RangeSum(CountingService counters, long from, long to) => new(
        string.Create(CultureInfo.InvariantCulture, $"/v1/range-sum?from={from}&to={to}&"),
        token => counters.RangeSumAsync(from, to, ReadConsistency.Lease, token),
        static answer => (answer.Outcome, answer.Refusal),
        static (answer, source) =>
        {
            var json = From(answer, NodeJson.Default.RangeSumJson);
            return new(Outcome.Applied, Refusal.None, At(json.Index, json.Term), Int128.Parse(json.Sum, CultureInfo.InvariantCulture), json.Count) { Source = source };
        },
        static (problem, _) => throw NeverDeclined(problem),
        static (outcome, refusal) => new(outcome, refusal, default, 0, 0));

    private static TJson From<TJson>(ForwardAnswer answer, JsonTypeInfo<TJson> type) =>
        JsonSerializer.Deserialize(answer.Body, type) ?? throw new InvalidOperationException($"The answer of the leader is null and no {typeof(TJson).Name}.");

    private static InvalidOperationException NeverDeclined(string problem) => new($"The leader declined a read that asks for no key: {problem}");

    private static LogPosition At(long index, long term) => new(new(index), new(term));
}
