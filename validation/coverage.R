# R's own intervals on the replications of one study: Rscript coverage.R <study> <in.csv> <out.csv>
# in: the rows of all samples, with their number in `rep`; out: rep, key, low, high.
# Every key is that of the interval in studies.py.
suppressMessages(library(survival))
args <- commandArgs(TRUE)
study <- args[1]
rows <- read.csv(args[2])
days <- c(25, 50, 100, 150)
confs <- c("log-log", "log", "plain")
z <- qnorm(0.975)

out <- function(key, low, high) data.frame(key = key, low = low, high = high)

response <- function(d) {
  if (!is.null(d$start)) Surv(d$start, d$time, d$event > 0) else Surv(d$time, d$event > 0)
}

at <- function(fit, days, low, high) {
  k <- findInterval(days, fit$time)
  list(low = low[k], high = high[k])
}

restricted <- function(fit, horizon) {
  found <- survival:::survmean(fit, rmean = horizon)$matrix
  found[c("rmean", "se(rmean)")]
}

curve <- function(d, quantiles = TRUE) {
  y <- response(d)
  found <- list()
  for (conf in confs) {
    fit <- survfit(y ~ 1, conf.type = conf)
    s <- at(fit, days, fit$lower, fit$upper)
    found[[conf]] <- out(paste0("Kaplan-Meier|", conf, "|day ", days), s$low, s$high)
    if (quantiles) {
      q <- quantile(fit, c(0.25, 0.5))
      key <- paste0("Quantile of survival|", conf, "|", c(0.25, 0.5))
      found[[paste("q", conf)]] <- out(key, as.vector(q$lower), as.vector(q$upper))
    }
  }
  k <- findInterval(days, fit$time)
  h <- fit$cumhaz[k]
  f <- exp(z * fit$std.chaz[k] / h)
  found$na <- out(paste0("Nelson-Aalen|log|day ", days), h / f, h * f)
  m <- restricted(fit, 100)
  found$mean <- out("Restricted mean|normal|100 days", m[1] - z * m[2], m[1] + z * m[2])
  do.call(rbind, found)
}

weighted <- function(d) {
  d$id <- seq_len(nrow(d))
  do.call(rbind, lapply(confs, function(conf) {
    fit <- survfit(Surv(time, event) ~ 1, d, weights = w, id = id, robust = TRUE, conf.type = conf)
    s <- at(fit, days[1:3], fit$lower, fit$upper)
    out(paste0("Kaplan-Meier, weighted|", conf, "|day ", days[1:3]), s$low, s$high)
  }))
}

arms <- function(d) {
  m <- sapply(0:1, function(a) {
    restricted(survfit(Surv(time, event) ~ 1, d[d$arm == a, ]), 100)
  })
  gap <- m[1, 2] - m[1, 1]
  se <- sqrt(sum(m[2, ]^2))
  ratio <- m[1, 2] / m[1, 1]
  f <- exp(z * sqrt(sum((m[2, ] / m[1, ])^2)))
  rbind(
    out("Restricted mean: difference|normal|100 days", gap - z * se, gap + z * se),
    out("Restricted mean: ratio|log|100 days", ratio / f, ratio * f)
  )
}

scan <- function(d) {
  do.call(rbind, lapply(sort(unique(d$segment)), function(s) {
    own <- restricted(survfit(Surv(time, event) ~ 1, d[d$segment == s, ]), 60)
    others <- restricted(survfit(Surv(time, event) ~ 1, d[d$segment != s, ]), 60)
    gap <- own[1] - others[1]
    se <- sqrt(own[2]^2 + others[2]^2)
    out(paste0("Segment scan|normal|segment ", s), gap - z * se, gap + z * se)
  }))
}

incidence <- function(d) {
  d$state <- factor(d$event, 0:2)
  d$id <- seq_len(nrow(d))
  if (is.null(d$start)) {
    fit <- survfit(Surv(time, state) ~ 1, d)
  } else {
    fit <- survfit(Surv(start, time, state) ~ 1, d, id = id)
  }
  k <- findInterval(days, fit$time)
  do.call(rbind, lapply(1:2, function(cause) {
    key <- paste0("Aalen-Johansen, cause ", cause, "|log|day ", days)
    out(key, fit$lower[k, cause + 1], fit$upper[k, cause + 1])
  }))
}

counts <- function(d) {
  fit <- survfit(Surv(start, stop, event) ~ 1, d[d$x == 0, ], id = id, robust = TRUE)
  k <- findInterval(days, fit$time)
  h <- fit$cumhaz[k]
  f <- exp(z * fit$std.chaz[k] / h)
  key <- paste0("Mean cumulative count|log, robust|day ", days)
  ag <- coxph(Surv(start, stop, event) ~ x, d, cluster = id)
  rbind(out(key, h / f, h * f), limits("Andersen-Gill|robust, by id|", ag))
}

limits <- function(name, fit) {
  b <- coef(fit)
  se <- sqrt(diag(vcov(fit)))
  out(paste0(name, names(b)), b - z * se, b + z * se)
}

cox <- function(d) {
  d$id <- seq_len(nrow(d))
  y <- response(d)
  model <- coxph(y ~ x + z, d)
  found <- list(
    limits("Cox coefficient|model|", model),
    limits("Cox coefficient|robust|", coxph(y ~ x + z, d, cluster = id))
  )
  if (!is.null(d$w)) {
    fit <- coxph(y ~ x + z, d, weights = w, cluster = id)
    found <- c(found, list(limits("Cox coefficient|robust, weighted|", fit)))
  }
  for (conf in c("log", "log-log")) {
    fit <- survfit(model, newdata = data.frame(x = 1, z = 0.5), conf.type = conf)
    s <- at(fit, days[2:3], fit$lower, fit$upper)
    key <- paste0("Cox: predicted survival|", conf, "|day ", days[2:3])
    found <- c(found, list(out(key, s$low, s$high)))
  }
  do.call(rbind, found)
}

changing <- function(d) {
  rbind(
    limits("Cox coefficient, changing covariate|model|", coxph(Surv(start, stop, event) ~ x, d)),
    limits(
      "Cox coefficient, changing covariate|robust, by id|",
      coxph(Surv(start, stop, event) ~ x, d, cluster = id)
    )
  )
}

fine_gray <- function(d) {
  d$id <- seq_len(nrow(d))
  d$state <- factor(d$event, 0:2)
  if (is.null(d$start)) {
    rows <- finegray(Surv(time, state) ~ x + z + id, d, etype = 1)
  } else {
    rows <- finegray(Surv(start, time, state) ~ x + z + id, d, id = id, etype = 1)
  }
  fit <- coxph(Surv(fgstart, fgstop, fgstatus) ~ x + z, rows, weights = fgwt, cluster = id)
  limits("Fine-Gray|robust|", fit)
}

stages <- function(d) {
  d$to <- factor(d$to, 0:2, c("censored", "active", "gone"))
  fit <- survfit(Surv(start, stop, to) ~ 1, d, id = id, istate = stage)
  k <- findInterval(days, fit$time)
  do.call(rbind, lapply(c("new", "active", "gone"), function(name) {
    s <- match(name, fit$states)
    key <- paste0("Share in a stage: ", name, "|log|day ", days)
    out(key, fit$lower[k, s], fit$upper[k, s])
  }))
}

aft <- function(dist, what) {
  function(d) {
    settled <- survreg.control(rel.tolerance = 1e-12, maxiter = 100)
    fit <- survreg(Surv(time, event) ~ x + z, d, dist = dist, control = settled)
    b <- coef(fit)
    if (dist != "exponential") b <- c(b, "Log(scale)" = log(fit$scale))
    se <- sqrt(diag(vcov(fit)))
    new <- data.frame(x = 1, z = 0.5)
    half <- predict(fit, new, type = "uquantile", p = 0.5, se.fit = TRUE)
    rbind(
      out(paste0(what, " AFT|normal|", names(b)), b - z * se, b + z * se),
      out(
        paste0(what, " AFT: median|log time|customer"),
        exp(half$fit - z * half$se.fit), exp(half$fit + z * half$se.fit)
      )
    )
  }
}

adjusted <- function(d) {
  d$id <- seq_len(nrow(d))
  chance <- fitted(glm(treated ~ x + z, binomial, d))
  share <- mean(d$treated)
  d$w <- ifelse(d$treated == 1, share / chance, (1 - share) / (1 - chance))
  fit <- coxph(Surv(time, event) ~ treated, d, weights = w, cluster = id)
  curves <- lapply(0:1, function(a) {
    one <- d[d$treated == a, ]
    fit <- survfit(Surv(time, event) ~ 1, one,
      weights = w, id = id, robust = TRUE, conf.type = "log-log"
    )
    s <- at(fit, days[1:3], fit$lower, fit$upper)
    who <- c("others", "treated")[a + 1]
    key <- paste0("Kaplan-Meier, adjusted: ", who, "|log-log|day ", days[1:3])
    out(key, s$low, s$high)
  })
  rbind(do.call(rbind, curves), limits("Cox coefficient, adjusted by weights|robust|", fit))
}

order_of <- function(d) {
  score <- 0.5 * d$x - 0.3 * d$z
  found <- concordance(Surv(time, event) ~ score, d, reverse = TRUE)
  se <- sqrt(found$var)
  out("Concordance|normal|true score", found$concordance - z * se, found$concordance + z * se)
}

estimate <- list(
  one = curve, day = function(d) curve(d, FALSE), late = curve, weighted = weighted, arms = arms,
  scan = scan, competing = incidence, "competing late" = incidence, repeated = counts,
  "repeated late" = counts, stages = stages, "stages late" = stages,
  "fine gray" = fine_gray, "fine gray late" = fine_gray,
  cox = cox, "cox late" = cox, "cox changing" = changing,
  aft = aft("weibull", "Weibull"), "aft exponential" = aft("exponential", "Exponential"),
  "aft lognormal" = aft("lognormal", "Log-normal"),
  "aft loglogistic" = aft("loglogistic", "Log-logistic"),
  adjusted = adjusted, concordance = order_of
)[[study]]

found <- lapply(split(rows, rows$rep), function(d) cbind(rep = d$rep[1], estimate(d)))
write.csv(do.call(rbind, found), args[3], row.names = FALSE)
