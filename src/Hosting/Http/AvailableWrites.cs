namespace RaftStream.Hosting.Http;

/// <summary>Writes that the node which is asked takes into its own outbox, whoever leads and whether or not it hears anybody: nothing is sent on.</summary>
internal static class AvailableWrites
{
    /// <summary>Writes a counter; 202 where the outbox holds it.</summary>
    public static async Task<IResult> AcceptAsync(HttpContext context, Func<CountingService, CancellationToken, ValueTask<LocalAnswer>> write)
    {
        var handle = context.RequestServices.GetRequiredService<NodeHandle>();
        if (handle.Running is not { } running)
            return Problems.Starting();
        var status = running.Node.Status;
        AnswerHeaders.Sign(context.Response, status);

        // Its outbox would wait for ever: a node that is no member hears of no log.
        if (status.Members.All(member => member.Id != status.Id))
            return Problems.NoMember(isUncertain: false);
        using var deadline = RequestDeadline.Of(context, handle.Ending);
        var answer = await write(running.Counters.WithConcern(WriteConcern.Available), deadline.Token);
        if (answer.Accepted is not { } place)
            return Problems.For(answer.Outcome, answer.Refusal);
        AnswerHeaders.Write(context.Response, running.Node.Status, answer, level: null);
        var json = new AcceptedJson("accepted", status.Id.Value, place.Start, place.Sequence);
        return TypedResults.Json(json, NodeJson.Default.AcceptedJson, statusCode: StatusCodes.Status202Accepted);
    }
}
