# Writes lung.json, heart.json, bladder.json and competing.json beside this file: Rscript estimates.R
suppressMessages({library(survival); library(jsonlite)})
lung$event <- +(lung$status==2)
km <- function(f,d,t,tau){ fl<-survfit(f,d,conf.type="log"); fg<-survfit(f,d,conf.type="log-log"); fp<-survfit(f,d,conf.type="plain"); s<-summary(fl,times=t); g<-summary(fg,times=t); p<-summary(fp,times=t); q<-quantile(fl,c(.25,.5,.75)); q2<-quantile(fg,c(.25,.5,.75)); r<-summary(fl,rmean=tau)$table
 list(time=t,at_risk=s$n.risk,survival=s$surv,std_err=s$std.err,low_log=s$lower,high_log=s$upper,low_loglog=g$lower,high_loglog=g$upper,low_plain=p$lower,high_plain=p$upper,hazard=s$cumhaz,hazard_se=s$std.chaz,
 p=c(.25,.5,.75),quantile=unname(as.numeric(q$quantile)),quantile_low_log=unname(as.numeric(q$lower)),quantile_high_log=unname(as.numeric(q$upper)),quantile_low_loglog=unname(as.numeric(q2$lower)),quantile_high_loglog=unname(as.numeric(q2$upper)),horizon=tau,rmst=unname(r["rmean"]),rmst_se=unname(r["se(rmean)"])) }
o<-list(source="R 4.2.2, survival 3.5-3; data: lung and heart of the R package survival (LGPL >= 2); Loprinzi et al. 1994, Crowley and Hu 1977",
 rows=list(time=lung$time,event=lung$event,sex=lung$sex))
o$curve<-km(Surv(time,event)~1,lung,c(100,200,300,500,700),800)
l<-survdiff(Surv(time,event)~sex,lung); p<-survdiff(Surv(time,event)~sex,lung,rho=1); h<-survdiff(Surv(time,event)~sex,lung,rho=.5)
f<-function(x) list(n=as.numeric(x$n),observed=x$obs,expected=x$exp,statistic=x$chisq)
o$logrank<-f(l);o$peto<-f(p);o$fleming_harrington_half<-f(h)
set.seed(4); lung$w<-rep(c(.5,1.25,2,.75),57); s<-summary(survfit(Surv(time,event)~1,lung,weights=w),times=c(100,300,500))
o$weighted<-list(weights=c(.5,1.25,2,.75),time=c(100,300,500),survival=s$surv,std_err=s$std.err,low_log=s$lower,high_log=s$upper)
write(toJSON(o,auto_unbox=TRUE,digits=NA),"lung.json")
h<-heart; s<-summary(survfit(Surv(start,stop,event)~1,h),times=c(30,100,365,1000)); tr<-h$transplant==1
s2<-summary(survfit(Surv(start,stop,event)~1,h[tr,]),times=c(30,100,365,1000)); b<-coxph(Surv(start,stop,event)~transplant,h,ties="breslow")
o<-list(source="R 4.2.2, survival 3.5-3; data: heart of the R package survival (LGPL >= 2), Crowley and Hu 1977", rows=list(id=h$id,start=h$start,stop=h$stop,event=h$event,transplant=as.integer(as.character(h$transplant))),
 curve=list(time=c(30,100,365,1000),survival=s$surv,std_err=s$std.err,low_log=s$lower,high_log=s$upper),
 after_transplant=list(time=c(30,100,365,1000),at_risk=s2$n.risk,survival=s2$surv,std_err=s2$std.err),
 transplant_score=b$score)
write(toJSON(o,auto_unbox=TRUE,digits=NA),"heart.json")
B<-bladder2; s<-summary(survfit(Surv(start,stop,event)~rx,B,id=id),times=c(6,12,24,36))
o<-list(source="R 4.2.2, survival 3.5-3; data: bladder2 of the R package survival (LGPL >= 2), Wei, Lin and Weissfeld 1989",rows=list(id=B$id,start=B$start,stop=B$stop,event=B$event,rx=B$rx),
 mean_count=list(group=as.character(sub("rx=","",s$strata)),time=s$time,mean_count=s$cumhaz,std_err=s$std.chaz,at_risk=s$n.risk))
write(toJSON(o,auto_unbox=TRUE,digits=NA),"bladder.json")
suppressMessages(library(cmprsk)); set.seed(1)
n<-80; d<-data.frame(start=c(rep(0,50),sample(1:4,30,TRUE)),cause=sample(0:2,n,TRUE),group=rep(c("app","web"),40)); d$stop<-d$start+sample(1:12,n,TRUE); d$id<-1:n; d$f<-factor(d$cause,0:2,c("censored","buy","leave"))
a<-summary(survfit(Surv(start,stop,f)~1,d,id=id),times=c(2,5,8,12)); d0<-d; d0$stop<-d$stop-d$start; b<-summary(survfit(Surv(stop,f)~1,d0),times=c(2,5,8,12)); g<-cuminc(d0$stop,d0$cause,d0$group)
gs<-cuminc(d0$stop,d0$cause,d0$group,strata=rep(1:4,each=20))
z<-function(s) list(time=c(2,5,8,12),incidence=s$pstate[,2:3],std_err=s$std.err[,2:3],low=s$lower[,2:3],high=s$upper[,2:3])
o<-list(source="R 4.2.2, survival 3.5-3, cmprsk 2.2-11; random rows made for this test",rows=list(start=d$start,stop=d$stop,cause=d$cause,group=d$group),delayed_entry=z(a),from_the_origin=z(b),gray=unname(g$Tests[,"stat"]),gray_stratified=unname(gs$Tests[,"stat"]))
write(toJSON(o,auto_unbox=TRUE,digits=NA),"competing.json")
