using System.Net;
using System.Net.Http.Headers;

namespace RaftStream.StreamStateMachine.Tests.Sinks.Delivery;

/// <summary>What is posted, and what each answer means.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class WebhookOutletTests
{
    private static readonly OutputBatch Batch = new("job ü", "my sink", 7, false, [new(3, 100, "{\"a\":1}"), new(4, 200, "\"b\"")]);

    [TestCase(200, DeliveryEnd.Taken)]
    [TestCase(204, DeliveryEnd.Taken)]
    [TestCase(299, DeliveryEnd.Taken)]
    [TestCase(301, DeliveryEnd.Again)]
    [TestCase(307, DeliveryEnd.Again)]
    [TestCase(400, DeliveryEnd.Refused)]
    [TestCase(404, DeliveryEnd.Refused)]
    [TestCase(408, DeliveryEnd.Again)]
    [TestCase(409, DeliveryEnd.Refused)]
    [TestCase(429, DeliveryEnd.Again)]
    [TestCase(499, DeliveryEnd.Refused)]
    [TestCase(500, DeliveryEnd.Again)]
    [TestCase(503, DeliveryEnd.Again)]
    public async Task Each_status_has_its_meaning(int status, object expected)
    {
        var delivered = await DeliverAsync(_ => new((HttpStatusCode)status) { Content = new StringContent("  too\nbad. ") });
        Assert.That(delivered, Is.EqualTo(status < 300 ? Delivered.Taken : new((DeliveryEnd)expected, $"The receiver answers {status}: too bad.")));
    }

    [Test]
    public async Task The_body_has_a_sequence_for_each_output_and_the_headers_say_the_same()
    {
        var (body, headers) = ("", new Dictionary<string, string>(StringComparer.Ordinal));
        var delivered = await DeliverAsync(
            request =>
            {
                body = new StreamReader(request.Content!.ReadAsStream()).ReadToEnd();
                foreach (var (name, values) in request.Headers.Concat(request.Content.Headers))
                    headers.Add(name, string.Join('|', values));
                return new(HttpStatusCode.OK);
            },
            new() { Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Authorization"] = "Bearer x" } });
        Assert.That(delivered.End, Is.EqualTo(DeliveryEnd.Taken));
        Assert.That(body, Is.EqualTo("""{"job":"job \u00FC","sink":"my sink","epoch":7,"outputs":[{"sequence":3,"time":100,"value":{"a":1}},{"sequence":4,"time":200,"value":"b"}]}"""));
        Assert.That(headers, Is.EquivalentTo(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Idempotency-Key"] = "job%20%C3%BC/my%20sink/3-4",
            ["X-RaftStream-Job"] = "job%20%C3%BC",
            ["X-RaftStream-Sink"] = "my%20sink",
            ["X-RaftStream-First"] = "3",
            ["X-RaftStream-Last"] = "4",
            ["X-RaftStream-Epoch"] = "7",
            ["Authorization"] = "Bearer x",
            ["Content-Type"] = "application/json; charset=utf-8",
        }));
    }

    [Test]
    public async Task A_replay_says_that_it_is_one()
    {
        IEnumerable<string>? replay = null;
        await DeliverAsync(
            request =>
            {
                replay = request.Headers.GetValues("X-RaftStream-Replay");
                return new(HttpStatusCode.OK);
            },
            batch: Batch with { IsReplay = true });
        Assert.That(replay, Is.EqualTo(new[] { "true" }));
    }

    [Test]
    public void Text_becomes_a_string_and_nothing_becomes_null()
    {
        Assert.That(Body(false, "say \"x\""), Does.Contain("\"value\":\"say \\u0022x\\u0022\""));
        Assert.That(Body(false, ""), Does.Contain("\"value\":\"\""));
        Assert.That(Body(true, ""), Does.Contain("\"value\":null"));
    }

    [Test]
    public async Task The_receiver_may_ask_to_be_left_alone_for_a_time_or_until_one()
    {
        var clock = new HandClock();
        Assert.That((await DeliverAsync(_ => Busy(new(TimeSpan.FromSeconds(17))), clock: clock)).NotBefore, Is.EqualTo(TimeSpan.FromSeconds(17)));
        var until = new DateTimeOffset(clock.GetUtcNow().Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero).AddSeconds(90);
        Assert.That((await DeliverAsync(_ => Busy(new(until)), clock: clock)).NotBefore, Is.EqualTo(until - clock.GetUtcNow()));
        Assert.That((await DeliverAsync(_ => Busy(null), clock: clock)).NotBefore, Is.Null);
    }

    [Test]
    public async Task A_receiver_that_does_not_answer_in_time_is_tried_again()
    {
        var clock = new HandClock();
        using var http = new HttpClient(new Handler(static (_, token) => new TaskCompletionSource<HttpResponseMessage>().Task.WaitAsync(token)));
        var running = Outlet(new() { Timeout = TimeSpan.FromSeconds(3) }).DeliverAsync(Batch, new(http, TextWriter.Null, clock), CancellationToken.None);
        await clock.Waiting;
        clock.Move(TimeSpan.FromSeconds(2.9));
        Assert.That(running.IsCompleted, Is.False);
        clock.Move(TimeSpan.FromSeconds(0.1));
        Assert.That(await running, Is.EqualTo(new Delivered(DeliveryEnd.Again, "The receiver does not answer within 3 s.")));
    }

    [Test]
    public async Task No_more_of_an_answer_is_read_than_is_told()
    {
        var endless = new EndlessStream();
        var delivered = await DeliverAsync(_ => new(HttpStatusCode.BadRequest) { Content = new StreamContent(endless) });
        Assert.That((delivered.Sentence.Length, endless.Given), Is.EqualTo(("The receiver answers 400: .".Length + 512, 512)));
    }

    [Test]
    public void Addresses_and_options_out_of_their_range_are_refused()
    {
        foreach (var address in new[] { "/relative", "ftp://host/", "http://user:word@host/" })
            Assert.That(() => Declare(new(address, UriKind.RelativeOrAbsolute), null), Throws.ArgumentException.With.Message.StartsWith("A webhook has an absolute address"), address);
        foreach (var options in new WebhookOptions[]
        {
            new() { BatchOutputs = 0 }, new() { BatchOutputs = 1001 }, new() { BatchBytes = 1023 }, new() { BatchBytes = (4 << 20) + 1 }, new() { Timeout = TimeSpan.Zero }, new() { Timeout = TimeSpan.FromHours(1) },
            new() { FirstPause = TimeSpan.Zero }, new() { FirstPause = TimeSpan.FromMinutes(1) }, new() { LongestPause = TimeSpan.FromHours(2) }, new() { MaxAttempts = 0 },
            new() { Headers = Header("Idempotency-Key", "x") }, new() { Headers = Header("X-RaftStream-Epoch", "9") }, new() { Headers = Header("A", "b\r\nC: d") }, new() { Headers = Header("A", "ü") },
            new() { Headers = Header("no name", "x") }, new() { Headers = Enumerable.Range(0, 33).ToDictionary(static i => $"H{i}", static _ => "x", StringComparer.Ordinal) },
        })
            Assert.That(() => Declare(new("http://host/"), options), Throws.ArgumentException, options.ToString());
    }

    private static Dictionary<string, string> Header(string name, string value) => new(StringComparer.Ordinal) { [name] = value };

    private static void Declare(Uri target, WebhookOptions? options) => new StreamBuilder("job").Ingest("in").ToWebhook("hook", target, options: options);

    private static string Body(bool isJson, string text) => System.Text.Encoding.UTF8.GetString(WebhookBody.Write(Batch with { Outputs = [new(1, 0, text)] }, isJson).Span);

    private static HttpResponseMessage Busy(RetryConditionHeaderValue? after)
    {
        var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter = after;
        return response;
    }

    private static WebhookOutlet Outlet(WebhookOptions? options = null) => new(new("http://receiver.test/in"), true, options ?? new());

    private static async Task<Delivered> DeliverAsync(Func<HttpRequestMessage, HttpResponseMessage> answer, WebhookOptions? options = null, OutputBatch? batch = null, TimeProvider? clock = null)
    {
        using var http = new HttpClient(new Handler((request, _) => Task.FromResult(answer(request))));
        return await Outlet(options).DeliverAsync(batch ?? Batch, new(http, TextWriter.Null, clock ?? TimeProvider.System), CancellationToken.None);
    }

    private sealed class Handler(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => answer(request, cancellationToken);
    }

    private sealed class EndlessStream : MemoryStream
    {
        public int Given { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)'x');
            Given += buffer.Length;
            return new(buffer.Length);
        }
    }
}
